const REMINDER_EVERY_MS = 10_000;

/** Writes one line for the person (or the CI log) that started us. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** A terminal that was closed, or `npm start | head`: keep stopping our children instead of dying of EPIPE or EIO. */
export function outliveOurTerminal() {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/**
 * Says what is being done, reminds every ten seconds that it still is (a silent minute looks like a hang, and there
 * may be no terminal to draw a spinner on), and says how long it took.
 */
export async function step(title, work) {
  const startedAt = performance.now();
  say(`- ${title}`);
  const reminder = setInterval(
    () => say(`  still at it after ${secondsSince(startedAt)}`),
    REMINDER_EVERY_MS,
  );
  try {
    const result = await work();
    say(`  done in ${secondsSince(startedAt)}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}

/** "2.4 s", from a `performance.now()` reading taken earlier. */
export function secondsSince(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
