import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 10;
const WINDOW_MS = 1_000;

/** Computing a percentile takes longer than a request should wait for it: it is done anew this often at most. */
const REREAD_MS = 50;

export interface EventLoopLag extends Disposable {
  /** The p99 over the last one to two seconds, in ms; cheap enough to ask on every request, by any number of readers. */
  p99Ms(): number;
}

/**
 * Watches how late the event loop runs. Lag that repeats stays visible for one to two seconds after its end; a lone stall,
 * one sample among a hundred, for half a second. Never keeps the process alive.
 */
export function watchEventLoopLag(): EventLoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let previousWindowMs = 0;
  let read = { ms: 0, at: -REREAD_MS };

  function currentWindowMs(): number {
    // The histogram holds the time between two ticks of its timer, of which the timer's own interval is no lag.
    return Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
  }

  const rollover = setInterval(() => {
    previousWindowMs = currentWindowMs();
    // Node forgets the last tick on reset: a stall that begins within the next 10 ms goes unseen. One in a hundred.
    histogram.reset();
  }, WINDOW_MS).unref();

  return {
    p99Ms: () => {
      const now = performance.now();
      if (now - read.at >= REREAD_MS) read = { ms: currentWindowMs(), at: now };
      return Math.max(previousWindowMs, read.ms);
    },
    [Symbol.dispose]() {
      clearInterval(rollover);
      histogram.disable();
    },
  };
}
