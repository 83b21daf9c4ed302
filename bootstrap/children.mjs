import { join } from "node:path";
import { startChild } from "./child-process.mjs";
import { forgetProcess, recordProcess } from "./run-record.mjs";
import { SetupFailure } from "./setup-failure.mjs";

const TAIL_LINES = 20;

/**
 * The processes of one `npm start`. `deathSignal` is aborted, with a SetupFailure that shows the end of the log, as
 * soon as one of them ends that nobody asked to: half an orchestrator is worse than none.
 */
export function createChildren({ logFolder, runFolder }) {
  const death = new AbortController();
  const children = new Map();
  let isStopping = false;

  const tellOfEnd = async (child, logFile) => {
    const how = await child.ended;
    forgetProcess(runFolder, child.name);
    if (isStopping) return;
    const tail = child.lastLines(TAIL_LINES);
    death.abort(new SetupFailure(`${child.name} ${how}. The end of ${logFile}:\n\n${tail}\n`));
  };

  return {
    deathSignal: death.signal,
    hasAny: () => children.size > 0,

    async start({ name, command, args, cwd, env }) {
      const logFile = join(logFolder, `${name}.log`);
      const child = startChild({ name, command, args, cwd, env, logFile });
      children.set(name, child);
      void tellOfEnd(child, logFile);
      if (child.pid !== undefined) await recordProcess(runFolder, name, child.pid);
    },

    /** Stops those named that were started, all at the same time; past `graceMs` they are killed. */
    async stop(names, graceMs) {
      isStopping = true;
      const started = names.map((name) => children.get(name)).filter(Boolean);
      await Promise.all(started.map((child) => child.stop(graceMs)));
    },

    /** Kills at once all but those named. */
    killAllBut(names) {
      isStopping = true;
      for (const child of children.values()) if (!names.includes(child.name)) child.kill();
    },
  };
}
