import type { GivenAnswer } from "./delivery-store.ts";
import type { OutgoingAnswer } from "./http-exchange.ts";

/** Headers of one connection or one moment: a repeated answer has its own. */
const NOT_KEPT = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);

/**
 * Listens in on what a handler answers, whether its caller is still there or not.
 * @param onEnd told once, when the handler has ended its answer; null for a body over `bytesMax`
 */
export function captureAnswer(
  response: OutgoingAnswer,
  bytesMax: number,
  onEnd: (answer: GivenAnswer | null) => void,
): void {
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let isEnded = false;

  const keep = (chunk: unknown, encoding: unknown): void => {
    const part = bytesOf(chunk, encoding);
    bytes += part.byteLength;
    if (bytes <= bytesMax) chunks.push(part);
  };
  response.write = (...args) => {
    keep(args[0], args[1]);
    return write(...args);
  };
  response.end = (...args) => {
    if (!isEnded) {
      isEnded = true;
      keep(args[0], args[1]);
      onEnd(bytes <= bytesMax ? given(response, chunks) : null);
    }
    return end(...args);
  };
}

/** Gives an answer that was given before. */
export function repeatAnswer(response: OutgoingAnswer, answer: GivenAnswer): void {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.setHeader("Idempotency-Replayed", "true");
  response.end(Uint8Array.from(atob(answer.body), (character) => character.charCodeAt(0)));
}

function given(response: OutgoingAnswer, chunks: Uint8Array[]): GivenAnswer {
  const headers: GivenAnswer["headers"] = {};
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value === undefined || NOT_KEPT.has(name.toLowerCase())) continue;
    headers[name] = Array.isArray(value) ? value : String(value);
  }
  return { status: response.statusCode, headers, body: base64Of(chunks) };
}

function base64Of(chunks: Uint8Array[]): string {
  let text = "";
  for (const chunk of chunks) for (const byte of chunk) text += String.fromCharCode(byte);
  return btoa(text);
}

/** As `node:http` takes them: bytes, or text with its encoding; a callback in its place is nothing. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return Uint8Array.from(chunk);
  if (typeof chunk !== "string") return new Uint8Array();
  if (encoding === "latin1" || encoding === "binary") {
    return Uint8Array.from(chunk, (character) => character.charCodeAt(0));
  }
  return new TextEncoder().encode(chunk);
}
