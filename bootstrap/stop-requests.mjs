import { say } from "./progress.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
// npm passes the terminal's Ctrl-C on, so that one key press arrives twice within milliseconds.
const SAME_PRESS_MS = 500;
const PARENT_CHECK_EVERY_MS = 1_000;

/** The reason of an aborted signal when the user asked for the end: nothing went wrong. */
export class StopRequested extends Error {
  name = "StopRequested";
}

/**
 * Turns the first Ctrl-C, SIGTERM or SIGHUP into an aborted signal and calls `onImpatience` for each further one.
 * A start by way of npm also ends when npm is gone: killed with SIGKILL, npm passes nothing on.
 */
export function listenForStop({ env, onImpatience }) {
  const stop = new AbortController();
  let askedAt = null;

  const request = (why) => {
    if (askedAt !== null) {
      if (performance.now() - askedAt > SAME_PRESS_MS) onImpatience();
      return;
    }
    askedAt = performance.now();
    say(`\n- Stopping (${why}); once more to stop at once`);
    stop.abort(new StopRequested(why));
  };
  for (const signal of SIGNALS) process.on(signal, () => request(signal));

  if (env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    const check = () => process.ppid !== parent && askedAt === null && request("npm is gone");
    setInterval(check, PARENT_CHECK_EVERY_MS).unref();
  }
  return stop.signal;
}
