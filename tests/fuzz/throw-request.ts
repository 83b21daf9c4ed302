import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { ErrorResponse } from "@orchestrator/contract";
import type { GeneratedRequest } from "./generated-request.ts";

/** Longer than anything of the service may take with the waits of this test. */
const ANSWER_MS_MAX = 10_000;

/** What the contract has above 500: Redis away, an open circuit, work in a circle. */
const KNOWN_ABOVE_500 = new Set([503, 508]);

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export interface Thrown {
  /** `raw 400` for bytes, `hung up` when the service closed without a word. */
  outcome: string;
  /** What is wrong with it, null when nothing is. */
  complaint: string | null;
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
    return { outcome: String(status), complaint: wrong && `${wrong}: ${what}` };
  } catch (error) {
    return { outcome: "failed", complaint: `${String(error)}: ${what}` };
  }
}

function whatIsWrong(
  { method, path }: GeneratedRequest,
  status: number,
  traceId: unknown,
  text: string,
): string | null {
  if (status >= 500 && !KNOWN_ABOVE_500.has(status))
    return `answered ${status}: ${text.slice(0, 300)}`;
  if (typeof traceId !== "string") return `${status} without X-Trace-ID`;
  if (status < 400 || method === "HEAD" || /\/admin\/queues/i.test(path)) return null;
  const refusal = ErrorResponse.safeParse(parse(text));
  if (!refusal.success) return `${status} is not in the contract's shape: ${text.slice(0, 300)}`;
  return refusal.data.trace_id === traceId ? null : "the trace ids of head and body differ";
}

/** Bytes as they are over a socket of their own. */
export async function throwBytes(port: number, bytes: Buffer): Promise<Thrown> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    if (text.length < 2000) text += chunk.toString("latin1");
    if (text.includes("text/event-stream")) socket.destroy();
  });
  // Cut connections are an answer to noise.
  socket.on("error", () => {});
  socket.end(bytes);
  const late = setTimeout(() => socket.destroy(new Error("late")), ANSWER_MS_MAX);
  const [isCut] = (await once(socket, "close")) as [boolean];
  clearTimeout(late);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  const isBad = status >= 500 && !KNOWN_ABOVE_500.has(status);
  const isLate = isCut && socket.errored?.message === "late";
  const shown = bytes.toString("latin1").slice(0, 200);
  const complaint = isLate ? `hangs on ${shown}` : `answered ${status} to ${shown}`;
  return {
    outcome: status > 0 ? `raw ${status}` : "raw closed",
    complaint: isBad || isLate ? complaint : null,
  };
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
