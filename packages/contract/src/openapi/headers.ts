/** Request headers that mean something to us. */
export const REQUEST_HEADERS = {
  Prefer: {
    description:
      "RFC 7240: `respond-async` answers at once, `wait=12` within 12 s. The query `wait` beats it.",
  },
  "Idempotency-Key": {
    description:
      "1 to 255 visible ASCII characters, quoted or not. The same key with the same request is the same task; with another request it is refused. It lives until 24 h after the task ended.",
  },
  traceparent: {
    description:
      "W3C Trace Context, such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: continued in every call to a droplet.",
  },
  "X-Trace-ID": {
    description:
      "The trace id when there is no traceparent; `X-Request-ID` is read after it. Ours when all are missing or malformed.",
  },
  "X-Orchestrator-Hops": {
    description:
      "How many orchestrators this work has passed through. They set it themselves, so that work that goes in circles ends.",
  },
  "Last-Event-ID": {
    description:
      "The stream goes on after this event. A browser's EventSource sends it when it reconnects.",
  },
} as const;
export type RequestHeader = keyof typeof REQUEST_HEADERS;

/** Answer headers beside the usual ones of HTTP. */
export const ANSWER_HEADERS = {
  "X-Trace-ID": {
    description: "The trace id of the request, in every answer.",
    schema: { type: "string" },
  },
  "X-Request-ID": { description: "The same as X-Trace-ID.", schema: { type: "string" } },
  Location: { description: "Where the task is read.", schema: { type: "string" } },
  "Retry-After": {
    description: "In how many seconds it is worth asking again.",
    schema: { type: "integer", minimum: 1 },
  },
  "Preference-Applied": {
    description: "RFC 7240: what was done of Prefer; absent when the query decided.",
    schema: { type: "string" },
  },
  "Idempotency-Replayed": {
    description: "`true`: the task had ended before this request came.",
    schema: { const: "true" },
  },
  Allow: { description: "The methods this resource has.", schema: { type: "string" } },
  "WWW-Authenticate": { description: "How to sign in.", schema: { type: "string" } },
} as const;
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

export function headerRef(name: AnswerHeader): { $ref: string } {
  return { $ref: `#/components/headers/${name}` };
}
