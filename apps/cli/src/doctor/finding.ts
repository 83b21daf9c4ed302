/** `fail`: tasks are lost or stand still. `warn`: they may. `unknown`: it could not be looked at. */
export type Level = "ok" | "warn" | "fail" | "unknown";

/** One thing the doctor looked at. */
export interface Finding {
  level: Level;
  check: string;
  found: string;
  /** What to do about it; null when it is as it should be. */
  advice: string | null;
}

export function fine(check: string, found: string): Finding {
  return { level: "ok", check, found, advice: null };
}

export function ill(
  level: Exclude<Level, "ok">,
  check: string,
  found: string,
  advice: string,
): Finding {
  return { level, check, found, advice };
}
