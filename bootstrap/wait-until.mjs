import { setTimeout as delay } from "node:timers/promises";
import { SetupFailure } from "./setup-failure.mjs";

/**
 * Asks `probe` until it answers with null ("nothing is missing any more"); anything else it returns is the reason why
 * not yet, told when the time is up. `signal` ends the wait at once with its reason.
 */
export async function waitUntil(probe, { what, timeoutMs, everyMs = 100, signal }) {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const missing = await probe();
    if (missing === null) return;
    signal?.throwIfAborted();
    if (performance.now() > giveUpAt) {
      throw new SetupFailure(`${what} was not there within ${timeoutMs / 1000} s: ${missing}`);
    }
    await delay(everyMs);
  }
}
