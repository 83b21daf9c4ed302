/** One block of a stream of server-sent events (WHATWG HTML, 9.2.6). */
export interface EventBlock {
  /** Empty when the block has none. */
  id: string;
  event: string;
  /** Null for a block that only moves the id. */
  data: string | null;
  /** How soon to come back when the stream breaks, in ms, where the block says so. */
  retryMs: number | null;
}

/**
 * Reads the blocks of a stream as they come, comments left out. Ends when the stream does.
 * @param silenceMsMax how long nothing may come, comments included: the connection is dead then
 * @throws whatever breaks the stream
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  silenceMsMax: number,
): AsyncGenerator<EventBlock> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), silenceMsMax);
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const text of blocks) {
        const block = parseBlock(text);
        if (block !== null) yield block;
      }
    }
  } finally {
    // Also when the reader of the events stops early: the connection is given back.
    await reader.cancel().catch(() => {});
  }
}

/** Null for a block of comments alone. */
export function parseBlock(text: string): EventBlock | null {
  const block: EventBlock = { id: "", event: "message", data: null, retryMs: null };
  let isEmpty = true;
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    isEmpty = false;
    if (name === "id") block.id = value;
    if (name === "event") block.event = value;
    if (name === "data") block.data = block.data === null ? value : `${block.data}\n${value}`;
    if (name === "retry" && /^\d{1,9}$/.test(value)) block.retryMs = Number(value);
  }
  return isEmpty ? null : block;
}

async function withinSilence<Value>(read: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
}
