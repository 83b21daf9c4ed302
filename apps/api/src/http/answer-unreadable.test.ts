import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ErrorResponse } from "@orchestrator/contract";
import { expect, test } from "vitest";
import { answerUnreadable } from "./answer-unreadable.ts";

async function sendRaw(bytes: string): Promise<string> {
  const server = createServer((_request, response) => response.end("read"));
  server.on("clientError", answerUnreadable).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.end(bytes);
  const answer = await text(socket);
  server.close();
  return answer;
}

test("what is not HTTP is refused in the shape of every refusal, with a trace id", async () => {
  const answer = await sendRaw("NONSENSE\r\n\r\n");
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const refusal = ErrorResponse.parse(JSON.parse(body));
  expect(refusal.error.code).toBe("INVALID_REQUEST");
  expect(head).toContain(`X-Trace-ID: ${refusal.trace_id}`);
});

test("headers that are too large are named as the reason", async () => {
  const answer = await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`);
  expect(answer).toContain("headers are larger than 16 KB");
});
