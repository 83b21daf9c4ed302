/** The same trouble is told again after this long, with how often it was seen meanwhile. */
const QUIET_MS = 10_000;

/**
 * Writes down trouble that many objects report at once and again and again until it passes, such as a lost
 * connection: the first of each kind, then at most one line per 10 s with the number left out.
 */
export function logSeldom(
  write: (line: Record<string, unknown>) => void,
  event: string,
  nowMs: () => number = Date.now,
): (error: unknown) => void {
  const seen = new Map<string, { loggedAt: number; leftOut: number }>();
  return (error) => {
    const kind = kindOf(error);
    const known = seen.get(kind);
    if (known && nowMs() - known.loggedAt < QUIET_MS) {
      known.leftOut++;
      return;
    }
    write({ event, err: error, ...(known?.leftOut && { left_out: known.leftOut }) });
    seen.set(kind, { loggedAt: nowMs(), leftOut: 0 });
  };
}

/** What differs from one report to the next (a port, an id) does not make it another kind. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = "code" in error ? String(error.code) : "";
  return `${error.name} ${code} ${error.message.replaceAll(/\d+/g, "#").slice(0, 100)}`;
}
