import { destination as openDestination, type DestinationStream } from "pino";

/**
 * Standard output for log lines, written once per turn of the event loop: the lines of one turn share one synchronous
 * write. `flushSync` writes at once (pino calls it after each fatal line), as does the end of the process, by
 * process.exit or by an error nobody caught.
 */
export function openTurnWriter(): DestinationStream & { flushSync: () => void } {
  const output = openDestination({ dest: 1, sync: true });
  let lines = "";

  function flushSync(): void {
    if (lines === "") return;
    const collected = lines;
    lines = "";
    output.write(collected);
  }

  process.on("exit", flushSync);
  return {
    write(line) {
      if (lines === "") setImmediate(flushSync);
      lines += line;
    },
    flushSync,
  };
}
