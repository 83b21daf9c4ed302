import { z } from "zod";

/** One header's value in bytes, and how many a task may add. */
const HEADER_VALUE_MAX = 8192;
const HEADER_COUNT_MAX = 64;

/** RFC 9110 token: what a header name may consist of. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;

/** Printable Latin-1 and tab: anything else could split or forge a header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Connection-bound (RFC 9110 7.6.1) or written by the HTTP client itself. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "host",
  "content-length",
];

/** Ours to set: a caller's value would lie to the droplet. */
const SENT_BY_US = [
  "x-task-id",
  "x-trace-id",
  "traceparent",
  "tracestate",
  "idempotency-key",
  "x-attempt",
  "x-request-deadline",
  "x-orchestrator-hops",
  "user-agent",
];

const REFUSED = new Set([...HOP_BY_HOP, ...SENT_BY_US]);

/** Extra request headers of a task. Names keep the caller's spelling. */
export const TaskHeaders = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const names = Object.keys(headers);
  if (names.length > HEADER_COUNT_MAX) {
    context.addIssue({ code: "custom", message: `at most ${HEADER_COUNT_MAX} headers` });
  }
  for (const name of names) {
    const complaint = complaintAbout(name, headers[name] ?? "");
    if (complaint) context.addIssue({ code: "custom", path: [name], message: complaint });
  }
});

function complaintAbout(name: string, value: string): string | null {
  if (!HEADER_NAME.test(name)) return "is not a valid header name";
  if (REFUSED.has(name.toLowerCase())) return "is set by the orchestrator or the connection";
  if (value.length > HEADER_VALUE_MAX) return `value is longer than ${HEADER_VALUE_MAX} characters`;
  if (!HEADER_VALUE.test(value)) return "value holds characters a header cannot carry";
  return null;
}
