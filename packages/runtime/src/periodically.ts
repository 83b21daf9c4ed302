import { closeWithin } from "./close-within.ts";
import { logSeldom } from "./log-seldom.ts";
import type { Logger } from "./logger.ts";

/** Rounds take milliseconds; one that takes longer waits for something that is away. */
const STOP_WITHIN_MS = 500;

const INTERVAL_MS_MAX = 2 ** 31 - 1;

export interface PeriodicWork extends AsyncDisposable {
  /**
   * Starts no further round, aborts the signal of the running one and waits for its end, but no longer than half a
   * second: a round that hangs with Redis must not hold a process that was told to stop. May be called repeatedly.
   */
  stop(): Promise<void>;
}

export interface PeriodicWorkOptions {
  readonly log: Pick<Logger, "error" | "warn">;
  /** For the log line of a failed round. */
  readonly name: string;
  /** Begin the first round now, rather than after one interval. */
  readonly immediately?: boolean;
}

/** About that long, within a fifth: processes that start together do not all act together for ever. */
export function jittered(ms: number): number {
  return Math.round(ms * (0.8 + 0.4 * Math.random()));
}

/**
 * Runs `work` every `intervalMs`, never two rounds at once: a tick that finds a round running is skipped, not made up for.
 * A failing round is logged (one that fails again and again every 10 s) and the next one comes as ever. The timer does not keep the process alive. `work` is given a
 * signal that is aborted by `stop`, for rounds that are worth cutting short.
 */
export function periodically(
  intervalMs: number,
  work: (signal: AbortSignal) => Promise<unknown> | void,
  { log, name, immediately = false }: PeriodicWorkOptions,
): PeriodicWork {
  if (!(intervalMs > 0 && intervalMs <= INTERVAL_MS_MAX)) {
    throw new RangeError(
      `${name}: an interval of ${intervalMs} ms is not within setInterval's range`,
    );
  }
  const stopping = new AbortController();
  const reportFailure = logSeldom((line) => log.error({ name, ...line }), "periodicWork.failed");
  let running: Promise<void> | undefined;

  async function runRound(): Promise<void> {
    try {
      await work(stopping.signal);
    } catch (error) {
      // What a round throws because it was told to stop is no failure.
      if (!stopping.signal.aborted) reportFailure(error);
    }
  }

  function tick(): void {
    running ??= runRound().finally(() => {
      running = undefined;
    });
  }

  const timer = setInterval(tick, intervalMs).unref();
  if (immediately) tick();

  async function stop(): Promise<void> {
    clearInterval(timer);
    stopping.abort();
    const round = running;
    if (round) await closeWithin(STOP_WITHIN_MS, name, async () => await round, log);
  }
  return { stop, [Symbol.asyncDispose]: stop };
}
