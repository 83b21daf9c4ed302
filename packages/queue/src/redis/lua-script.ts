import { insist, isPatient } from "./insist.ts";
import { ownWriting } from "./own-writing.ts";
import type { Redis } from "./redis.ts";

/** Runs one script: keys first, then arguments, as Redis hands them to Lua. */
export type LuaScript<Answer> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Answer>;

type Command<Answer> = (...args: (string | number)[]) => Promise<Answer>;

const scripts = new Map<string, { numberOfKeys?: number; lua: string }>();

/**
 * A Lua script as a function that gives what the script returns. ioredis sends EVALSHA, falls back to EVAL
 * after a NOSCRIPT, and lets scripts join the automatic pipeline, so that concurrent tasks share a round trip.
 * On a patient connection it waits, too, while Redis takes no writes.
 * @param numberOfKeys "any" for scripts over several tasks
 */
export function luaScript<Answer>(
  name: string,
  numberOfKeys: number | "any",
  lua: string,
): LuaScript<Answer> {
  const command = `orchestrator:${name}`;
  const isFixed = numberOfKeys !== "any";
  scripts.set(command, { lua, ...(isFixed && { numberOfKeys }) });
  return async (redis, keys, args) => {
    const run = ownWriting<Command<Answer>>(Reflect.get(redis, command));
    const count = isFixed ? [] : [keys.length];
    const once = async (): Promise<Answer> => await run.call(redis, ...count, ...keys, ...args);
    return isPatient(redis) ? await insist(once) : await once();
  };
}

/** As what ioredis knows our scripts. */
export function scriptCommands(): string[] {
  return [...scripts.keys()];
}

/**
 * Makes every script known to a connection. To be called before its first command: a pipeline that was opened
 * before a script was defined does not know it, and the automatic pipeline opens one with any command.
 */
export function defineScripts(redis: Redis): void {
  for (const [command, script] of scripts) redis.defineCommand(command, script);
}
