import { setTimeout } from "node:timers/promises";
import type { Logger } from "./logger.ts";
import { noteClosing } from "./still-closing.ts";

/**
 * Waits for something to close, but no longer than `ms`: what it depends on may be gone, and a process that was
 * told to stop has to. What is left undone is logged and given up on.
 */
export async function closeWithin(
  ms: number,
  what: string,
  close: () => Promise<unknown>,
  log: Pick<Logger, "warn">,
): Promise<void> {
  const done = noteClosing(what);
  const tooLate = new AbortController();
  const closing = close().then(
    () => "closed",
    (error: unknown) => {
      log.warn({ event: "closing.failed", what, err: error });
      return "closed";
    },
  );
  const waiting = setTimeout(ms, "too_late", { signal: tooLate.signal }).catch(() => "closed");
  const outcome = await Promise.race([closing, waiting]);
  tooLate.abort();
  done();
  if (outcome === "too_late") log.warn({ event: "closing.givenUp", what, after_ms: ms });
}
