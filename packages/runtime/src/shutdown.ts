import type { Logger } from "./logger.ts";
import { stillClosing } from "./still-closing.ts";

/**
 * npm hands on the Ctrl-C that the terminal has already sent to the whole process group, so one key press arrives as two
 * signals. What comes this soon after the first is the same wish.
 */
const SAME_WISH_MS = 500;

export type StopReason = { readonly signal: NodeJS.Signals } | { readonly error: unknown };

export interface StopOptions {
  readonly log: Pick<Logger, "info" | "warn" | "fatal">;
  /** How long closing may take from the first reason to stop; past it the process exits with code 1. */
  readonly graceMs: number;
}

/** Work for Node's thread pool: process.exit waits for its threads, however long a name is not resolved. */
const IN_THREAD_POOL = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;

/** Ends the process with code 1, or by SIGKILL where even that could hang. */
function exitNow(resources: readonly string[]): void {
  if (resources.some((name) => IN_THREAD_POOL.test(name))) process.kill(process.pid, "SIGKILL");
  process.exit(1);
}

/**
 * Resolves on the first SIGTERM, SIGINT, uncaught exception or unhandled rejection, for a `main.ts` whose `await using`
 * declarations then close everything in reverse and let the process end by itself:
 *
 *     await using api = await startApi(…);
 *     await untilStopped({ log, graceMs: 10_000 });
 *
 * Exit codes: 0 after a signal, 1 after an error (also one during closing), when the grace runs out, or at once on a second
 * signal. When the grace runs out the last line names what was still `hanging`; should a thread of Node's pool be among it
 * (a name that is not resolved, a disk that does not answer) the process ends itself by SIGKILL. Call it once per process. It handles nothing before it is called: until then Node's defaults hold.
 *
 * Not built on close-with-grace: that calls back on the signal and calls process.exit as soon as the callback is done, so
 * the closing would have to live in it instead of in `await using`, and a handle left open would never be noticed.
 */
export function untilStopped({ log, graceMs }: StopOptions): Promise<StopReason> {
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  let stoppingSinceMs: number | undefined;

  function begin(reason: StopReason): void {
    stoppingSinceMs = performance.now();
    // Unreferenced: it fires only if something that should have been closed still holds the process.
    setTimeout(() => {
      const resources = process.getActiveResourcesInfo();
      const hanging = stillClosing();
      log.fatal({ event: "process.graceExceeded", grace_ms: graceMs, hanging, resources });
      exitNow(resources);
    }, graceMs).unref();
    resolve(reason);
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (stoppingSinceMs === undefined) {
      log.info({ event: "process.stopRequested", signal, grace_ms: graceMs });
      begin({ signal });
    } else if (performance.now() - stoppingSinceMs > SAME_WISH_MS) {
      log.warn({ event: "process.stopForced", signal });
      process.exit(1);
    }
  }

  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Node raises unhandled rejections here too.
  process.on("uncaughtException", (error: unknown) => {
    process.exitCode = 1;
    log.fatal({ event: "process.crashed", err: error });
    if (stoppingSinceMs === undefined) begin({ error });
  });
  return promise;
}
