import { HTTP_STATUS_BY_ERROR_CODE, type ErrorCode } from "../error-codes.ts";
import type { Endpoint } from "./endpoint.ts";
import { headerRef, type AnswerHeader } from "./headers.ts";
import { schemaRef } from "./schemas.ts";

interface Refusal {
  when: string;
  message: string;
  details: Record<string, unknown>;
  headers?: AnswerHeader[];
}

/** Why a request is declined, with a specimen of each. */
const REFUSALS: Record<ErrorCode, Refusal> = {
  INVALID_REQUEST: {
    when: "malformed JSON, or a field out of range",
    message: "max_retries: Too big: expected number to be <=20",
    details: {
      issues: [{ path: "max_retries", message: "Too big: expected number to be <=20" }],
    },
  },
  DROPLET_NOT_FOUND: {
    when: "the list has no droplet of this name",
    message: "Droplet 'x' not found in registry",
    details: { requested_droplet: "x", available_droplets: ["registry", "echo"] },
  },
  UNAUTHORIZED: {
    when: "sign-in is on and the credentials are missing or wrong",
    message: "Send an API key or a token: Authorization: Bearer …",
    details: { scope: "read" },
    headers: ["WWW-Authenticate"],
  },
  FORBIDDEN: {
    when: "the caller may not do this",
    message: "'billing' does not have the scope operate",
    details: { scope: "operate" },
  },
  TASK_NOT_FOUND: {
    when: "there is no such task, or it is no longer in the history",
    message: "There is no task '550e8400-e29b-41d4-a716-446655440000'",
    details: { task_id: "550e8400-e29b-41d4-a716-446655440000" },
  },
  NOT_FOUND: { when: "there is nothing here", message: "There is nothing at /x", details: {} },
  METHOD_NOT_ALLOWED: {
    when: "the resource does not have this method",
    message: "PUT is not allowed here",
    details: { allowed: ["GET"] },
    headers: ["Allow"],
  },
  TASK_FINISHED: {
    when: "the task has ended",
    message: "The task has ended as success",
    details: { task_id: "550e8400-e29b-41d4-a716-446655440000", status: "success" },
  },
  PAYLOAD_TOO_LARGE: {
    when: "the body is larger than BODY_MAX",
    message: "The body is larger than BODY_MAX",
    details: { limit_bytes: 1_048_576 },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    when: "the body is not JSON",
    message: "Send JSON, not 'text/plain'",
    details: { content_type: "text/plain" },
  },
  IDEMPOTENCY_MISMATCH: {
    when: "the Idempotency-Key was used for a different request",
    message: "This Idempotency-Key was used for a different request",
    details: { task_id: "550e8400-e29b-41d4-a716-446655440000" },
  },
  RATE_LIMITED: {
    when: "the caller asks more often than RATE_LIMIT allows",
    message: "Too many requests",
    details: { max: 100, per_s: 60 },
    headers: ["Retry-After"],
  },
  QUEUE_FULL: {
    when: "too many tasks of the droplet wait already",
    message: "The queue of 'echo' holds 200000 tasks, its limit is 200000",
    details: { droplet_name: "echo", depth: 200_000, limit: 200_000 },
    headers: ["Retry-After"],
  },
  INTERNAL_ERROR: { when: "a fault of ours", message: "Internal error", details: {} },
  REGISTRY_ERROR: {
    when: "there is no list of droplets at all",
    message: "There is no list of droplets: none from the Registry, Redis or disk",
    details: {},
    headers: ["Retry-After"],
  },
  CIRCUIT_OPEN: {
    when: "the droplet fails too often, and the task says `when_open: fail`",
    message: "The circuit of 'echo' is open: it fails too often",
    details: { droplet_name: "echo" },
    headers: ["Retry-After"],
  },
  QUEUE_UNAVAILABLE: {
    when: "Redis cannot be reached; a task may still have been taken",
    message: "Redis did not take the task in time; it may have been taken all the same",
    details: { task_id: "550e8400-e29b-41d4-a716-446655440000" },
    headers: ["Retry-After"],
  },
  OVERLOADED: {
    when: "too many callers wait or listen already, or the process is late",
    message: "2000 callers are waiting already; try again in a moment",
    details: { waiters_max: 2000 },
    headers: ["Retry-After"],
  },
  LOOP_DETECTED: {
    when: "this work has passed through too many orchestrators",
    message: "This work has passed through 8 orchestrators and goes in circles",
    details: { hops: 8, hops_max: 8 },
  },
};

const SPECIMEN = {
  trace_id: "order-7-2026",
  timestamp: "2026-01-01T00:00:00.000Z",
};

/** Every refusal as an example, by its code. */
export function refusalExamples(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([code, { when, message, details }]) => [
      code,
      {
        summary: when,
        value: { status: "error", error: { code, message, details }, ...SPECIMEN },
      },
    ]),
  );
}

/** What an endpoint may answer instead of what was asked for, by HTTP status. */
export function refusalResponses({ refusals = [], scope, body }: Endpoint) {
  const byStatus = new Map<number, ErrorCode[]>();
  const usual: ErrorCode[] = ["UNAUTHORIZED", "RATE_LIMITED", "INTERNAL_ERROR"];
  if (scope !== null) usual.push("FORBIDDEN");
  if (body) usual.push("INVALID_REQUEST", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
  for (const refusal of [...usual, ...refusals]) {
    const [code, status] =
      typeof refusal === "string" ? [refusal, HTTP_STATUS_BY_ERROR_CODE[refusal]] : refusal;
    byStatus.set(status, [...new Set([...(byStatus.get(status) ?? []), code])]);
  }
  return Object.fromEntries(
    Array.from(byStatus, ([status, codes]) => [String(status), response(codes)]),
  );
}

function response(codes: readonly ErrorCode[]) {
  const headers = codes.flatMap((code) => REFUSALS[code].headers ?? []);
  return {
    description: codes.map((code) => `\`${code}\`: ${REFUSALS[code].when}.`).join(" "),
    headers: Object.fromEntries(headers.map((name) => [name, headerRef(name)])),
    content: {
      "application/json": {
        schema: schemaRef("ErrorResponse"),
        examples: Object.fromEntries(
          codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
        ),
      },
    },
  };
}
