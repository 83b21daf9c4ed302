/** How often it is noted that the process is awake. */
const TICK_MS = 50;

/** More than this between two ticks was a process that could not act: it is not counted. */
const COUNTED_MS_MAX = 2 * TICK_MS;

let counted = 0;
let tickedAt = performance.now();

setInterval(() => {
  counted = awakeMs();
  tickedAt = performance.now();
}, TICK_MS).unref();

/** Time in which this process could have read what came in: a stall of its event loop counts as next to nothing. */
function awakeMs(): number {
  return counted + Math.min(performance.now() - tickedAt, COUNTED_MS_MAX);
}

/**
 * Calls back once the process has been awake for `ms`, unless cancelled before. For limits on somebody else's answer:
 * after a stall plain timers go off before the answers that lie in the socket are read, and blame Redis for our own
 * lateness.
 * @returns cancels it
 */
export function afterAwake(ms: number, onElapsed: () => void): () => void {
  const startedAt = awakeMs();
  let timer = setTimeout(look, ms);
  function look(): void {
    const leftMs = ms - (awakeMs() - startedAt);
    if (leftMs < 1) onElapsed();
    else timer = setTimeout(look, leftMs);
  }
  return () => clearTimeout(timer);
}
