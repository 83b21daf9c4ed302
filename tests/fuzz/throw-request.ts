import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { ErrorResponse } from "@orchestrator/contract";
import type { GeneratedRequest } from "./generated-request.ts";

/** Longer than anything of the service may take with the waits of this test. */
const ANSWER_MS_MAX = 10_000;

/** What the contract has above 500: Redis away, an open circuit, work in a circle. */
const KNOWN_ABOVE_500 = new Set([503, 508]);

/** More of an answer to bytes is not kept: its head and a refusal are well within. */
const RAW_CHARS_MAX = 20_000;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export interface Thrown {
  /** `raw 400` for bytes, `hung up` when the service closed without a word. */
  outcome: string;
  /** What is wrong with it, null when nothing is. */
  complaint: string | null;
  status: number;
  text: string;
}

/** One request over HTTP. */
export async function throwRequest(port: number, asked: GeneratedRequest): Promise<Thrown> {
  const what = `${asked.method} ${asked.path.slice(0, 120)} ${asked.body?.slice(0, 300) ?? ""}`;
  const { method, path, body } = asked;
  const headers = {
    ...asked.headers,
    ...(body !== null && { "content-length": Buffer.byteLength(body) }),
  };
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    const asking = request({ host: "127.0.0.1", port, method, path, headers, agent, signal });
    asking.end(body ?? undefined);
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    asking.on("error", () => {});
    const status = response.statusCode ?? 0;
    const isStream = response.headers["content-type"]?.startsWith("text/event-stream") === true;
    // A stream goes on for ever: that it begins is its answer.
    if (isStream) response.destroy();
    const text = isStream ? "" : await textOf(response);
    const wrong = whatIsWrong(asked, status, response.headers["x-trace-id"], text);
    return { outcome: String(status), complaint: wrong && `${wrong}: ${what}`, status, text };
  } catch (error) {
    return { outcome: "failed", complaint: `${String(error)}: ${what}`, status: 0, text: "" };
  }
}

function whatIsWrong(
  { method }: GeneratedRequest,
  status: number,
  traceId: unknown,
  text: string,
): string | null {
  if (status >= 500 && !KNOWN_ABOVE_500.has(status))
    return `answered ${status}: ${text.slice(0, 300)}`;
  if (typeof traceId !== "string") return `${status} without X-Trace-ID`;
  return status < 400 || method === "HEAD" ? null : whatIsWrongWithRefusal(status, traceId, text);
}

/** A refusal is in the contract's shape, and its body tells the same status and trace as its head. */
function whatIsWrongWithRefusal(status: number, traceId: string, text: string): string | null {
  const refusal = ErrorResponse.safeParse(parse(text));
  if (!refusal.success) return `${status} is not in the contract's shape: ${text.slice(0, 300)}`;
  return refusal.data.trace_id === traceId ? null : "the trace ids of head and body differ";
}

/** Bytes as they are over a socket of their own. */
export async function throwBytes(port: number, bytes: Buffer): Promise<Thrown> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    if (text.length < RAW_CHARS_MAX) text += chunk.toString("latin1");
    if (text.includes("text/event-stream")) socket.destroy();
  });
  // Cut connections are an answer to noise.
  socket.on("error", () => {});
  socket.end(bytes);
  const late = setTimeout(() => socket.destroy(new Error("late")), ANSWER_MS_MAX);
  const [isCut] = (await once(socket, "close")) as [boolean];
  clearTimeout(late);
  const answer = firstAnswer(text);
  const shown = bytes.toString("latin1").slice(0, 300);
  const wrong =
    isCut && socket.errored?.message === "late" ? "hangs" : whatIsWrongWithAnswer(answer, shown);
  return {
    outcome: answer === null ? "raw closed" : `raw ${answer.status}`,
    complaint: wrong && `${wrong}: ${shown}`,
    status: answer?.status ?? 0,
    text: answer?.body ?? "",
  };
}

interface RawAnswer {
  status: number;
  traceId: string;
  body: string;
}

/** Null when the service closed without a word, which is an answer to noise. */
function firstAnswer(text: string): RawAnswer | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = text.slice(0, end);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    traceId: /^x-trace-id: (.+)$/im.exec(head)?.[1] ?? "",
    body: Buffer.from(text, "latin1").toString("utf8", end + 4, end + 4 + length),
  };
}

function whatIsWrongWithAnswer(answer: RawAnswer | null, sent: string): string | null {
  if (answer === null) return null;
  const { status, traceId, body } = answer;
  if (status >= 500 && !KNOWN_ABOVE_500.has(status)) return `answered ${status}`;
  if (status < 400 || sent.startsWith("HEAD")) return null;
  return whatIsWrongWithRefusal(status, traceId, body);
}

export function closeConnections(): void {
  agent.destroy();
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page, or nothing: the schema says so.
    return null;
  }
}
