import { fine, ill, type Finding } from "./finding.ts";

/** Deadlines, delays and sign-in tokens tolerate a second, not more. */
const OFF_MS_MAX = 1000;

/** How far another clock is off ours, beyond what asking took. */
export function examineClock(
  check: string,
  theirMs: number,
  askedAt: number,
  answeredAt: number,
): Finding {
  // It was read at some moment between the two: within them nothing can be said.
  const offMs = theirMs < askedAt ? theirMs - askedAt : Math.max(0, theirMs - answeredAt);
  const found = `${Math.round(offMs)} ms off ours`;
  if (Math.abs(offMs) <= OFF_MS_MAX) return fine(check, found);
  return ill("warn", check, found, "let NTP set the clocks: deadlines and tokens go by them");
}
