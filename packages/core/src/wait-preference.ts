/** How long the caller wants to be held. `applied` is what Preference-Applied answers (RFC 7240). */
export type WaitPreference =
  | { kind: "wait"; ms: number; applied: string | null }
  | { kind: "respond_async"; applied: string | null }
  | { kind: "invalid"; field: "wait" | "Prefer"; message: string };

export interface WaitRequest {
  /** The raw `wait` query value, undefined when absent. */
  query: unknown;
  /** The raw Prefer header, undefined when absent. */
  prefer: string | undefined;
  waitMaxMs: number;
  /** What happens when the caller says nothing. */
  defaultsToWaiting: boolean;
}

const SECONDS = /^\d{1,9}(\.\d{1,9})?$/;

/** A quoted string (RFC 9110, 5.6.4); one that is never closed reaches to the end. */
const QUOTED = /"(?:\\.|[^"\\])*"?/g;

/** The query beats Prefer; more than the maximum is cut to it; anything unreadable is refused. */
export function readWaitPreference(request: WaitRequest): WaitPreference {
  if (request.query !== undefined) return fromQuery(request.query, request.waitMaxMs);
  const prefer = preferences(request.prefer ?? "");
  if (prefer.wait !== undefined) return fromPreferWait(prefer.wait, request.waitMaxMs);
  if (prefer.respondAsync) return { kind: "respond_async", applied: "respond-async" };
  return request.defaultsToWaiting
    ? { kind: "wait", ms: request.waitMaxMs, applied: null }
    : { kind: "respond_async", applied: null };
}

function fromQuery(query: unknown, waitMaxMs: number): WaitPreference {
  if (query === "true") return { kind: "wait", ms: waitMaxMs, applied: null };
  if (query === "false") return { kind: "respond_async", applied: null };
  if (typeof query !== "string" || !SECONDS.test(query)) {
    return { kind: "invalid", field: "wait", message: "must be true, false or seconds, once" };
  }
  return waiting(query, waitMaxMs, null);
}

function fromPreferWait(value: string, waitMaxMs: number): WaitPreference {
  if (!SECONDS.test(value)) {
    return { kind: "invalid", field: "Prefer", message: "wait must be a number of seconds" };
  }
  return waiting(value, waitMaxMs, `wait=${value}`);
}

function waiting(seconds: string, waitMaxMs: number, applied: string | null): WaitPreference {
  const ms = Math.min(Number(seconds) * 1000, waitMaxMs);
  return ms === 0 ? { kind: "respond_async", applied } : { kind: "wait", ms, applied };
}

/** The two preferences we know; RFC 7240 lets us ignore all others, and the first of a kind counts. */
function preferences(header: string): { respondAsync: boolean; wait: string | undefined } {
  // A quoted value may hold separators of its own: only those outside the quotes count.
  const plain = header.replaceAll(QUOTED, (quoted) => quoted.replaceAll(/[",;=\\]/g, ""));
  const pairs = plain.split(",").map((part) => {
    const [name, value = ""] = part.replace(/;.*/s, "").split("=");
    return { name: name?.trim().toLowerCase(), value: value.trim() };
  });
  return {
    respondAsync: pairs.some(({ name }) => name === "respond-async"),
    wait: pairs.find(({ name }) => name === "wait")?.value,
  };
}
