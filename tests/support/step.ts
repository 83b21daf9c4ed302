import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What a scripted server does with one request that it has read. */
export type Step =
  /** Answers this status, with `{"answered":<status>}` as JSON. */
  | number
  /** Never answers, until `release` does. */
  | "hang"
  /** Cuts the connection with a reset. */
  | "reset"
  | AnswerStep
  /** These bytes and the end of the connection: what is not HTTP. */
  | { raw: string | Buffer };

export interface AnswerStep {
  /** 200 unless given. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent as JSON, with its Content-Type unless `headers` name one. */
  json?: unknown;
  /** Sent as it is. */
  body?: string | Buffer;
  /** Waits this long before the first byte. */
  afterMs?: number;
  /** Sends the body in pieces, with a pause before each. */
  drip?: { bytes: number; everyMs: number };
}

/** Steps used up one per request, the last one for ever; or a decision per request. */
export type Script<Request> = readonly Step[] | ((request: Request) => Step);

/** Performs every step but "hang", which is for the server to remember. */
export async function performStep(
  step: Exclude<Step, "hang">,
  response: ServerResponse,
): Promise<void> {
  const { socket } = response;
  if (step === "reset") {
    socket?.resetAndDestroy();
    return;
  }
  if (typeof step === "object" && "raw" in step) {
    socket?.end(step.raw);
    return;
  }
  const answer = typeof step === "number" ? { status: step, json: { answered: step } } : step;
  await sendAnswer(answer, response);
}

async function sendAnswer(answer: AnswerStep, response: ServerResponse): Promise<void> {
  const { status = 200, headers = {}, json, drip, afterMs } = answer;
  if (afterMs !== undefined) await delay(afterMs, undefined, { ref: false });
  const isJson = json !== undefined;
  const body = Buffer.from(isJson ? JSON.stringify(json) : (answer.body ?? ""));
  response.writeHead(status, {
    ...(isJson && { "content-type": "application/json" }),
    ...headers,
  });
  if (drip === undefined) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  for (let at = 0; at < body.byteLength && !response.destroyed; at += drip.bytes) {
    await delay(drip.everyMs, undefined, { ref: false });
    response.write(body.subarray(at, at + drip.bytes));
  }
  response.end();
}
