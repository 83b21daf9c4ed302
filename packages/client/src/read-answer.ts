import { contractAnswer } from "./contract-answer.ts";
import type { ErrorResponse } from "./contract/service.ts";
import { RefusedError, UnexpectedAnswerError } from "./orchestrator-error.ts";

const EXCERPT_LENGTH = 500;

/** An answer that is none of the refusals. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON, else the text; null when it is empty. */
  body: unknown;
}

/** Reads an answer to its end. @throws {RefusedError | UnexpectedAnswerError} for a status of 400 and above */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const { status, headers } = response;
  const isJson = /\bjson\b/.test(headers.get("content-type") ?? "");
  const body = isJson ? parseJson(text) : text || null;
  if (body === undefined) throw new UnexpectedAnswerError(status, excerptOf(text));
  if (response.ok) return { status, headers, body };
  if (!isErrorResponse(body)) throw new UnexpectedAnswerError(status, excerptOf(text));
  const { code, message, details } = body.error;
  const retryAfterMs = readRetryAfterMs(headers.get("retry-after"), Date.now());
  throw new RefusedError({ code, message, status, details, traceId: body.trace_id, retryAfterMs });
}

/** Seconds or an HTTP date (RFC 9110 10.2.3) in ms from now; null for none. */
export function readRetryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Undefined for what claims to be JSON and is not. */
function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy cut it, or it is a page with a wrong label.
    return undefined;
  }
}

function isErrorResponse(body: unknown): body is ErrorResponse {
  const answer = contractAnswer<Partial<ErrorResponse> | string | null>(body);
  return typeof answer === "object" && typeof answer?.error?.code === "string";
}

function excerptOf(text: string): string {
  return text.slice(0, EXCERPT_LENGTH);
}
