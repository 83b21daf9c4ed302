import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseBlock, readEventStream } from "./read-event-stream.ts";

const SILENCE_MS_MAX = 5000;

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

it("reads the same blocks wherever the bytes are cut, inside a character too", async () => {
  const text =
    'retry: 2000\n\nid: 1\nevent: queued\ndata: {"ä":"€"}\n\n:\n\nid: 2\n\nid: 3\r\ndata:a\r\ndata:b\r\n\r\nid: lost';
  const bytes = new TextEncoder().encode(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, n) => bytes.slice(places[n], end));
      const blocks = [];
      for await (const block of readEventStream(streamOf(chunks), SILENCE_MS_MAX)) {
        blocks.push(block);
      }
      expect(blocks).toEqual([
        { id: "", event: "message", data: null, retryMs: 2000 },
        { id: "1", event: "queued", data: '{"ä":"€"}', retryMs: null },
        { id: "2", event: "message", data: null, retryMs: null },
        { id: "3", event: "message", data: "a\nb", retryMs: null },
      ]);
    }),
  );
});

it("gives up a stream on which nothing comes", async () => {
  const silent = new ReadableStream<Uint8Array>();
  await expect(readEventStream(silent, 20).next()).rejects.toThrow("nothing came");
});

it.each([":", ": comment", ""])("%j is no block", (text) => {
  expect(parseBlock(text)).toBeNull();
});
