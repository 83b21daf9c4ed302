import { ENTRY_VALUES, RECORD_HISTORY } from "../history/history-scripts.ts";
import {
  ANNOUNCE_END,
  CREATE_RECORD,
  END_TASK,
  END_VALUES,
  type EndVerdict,
} from "../records/record-scripts.ts";
import { luaScript } from "../redis/lua-script.ts";

/**
 * A record and the lists over all tasks, changed in one step: half the scripts, no round trip in between, and no
 * moment at which one knows what the other does not. Not for a Redis Cluster, where they are in different slots.
 */

/** KEYS record, <all> · ARGV task, its entry → what record_history answered; -1 when there was a record */
export const createAndList = luaScript<number>(
  "createAndList",
  2,
  `${CREATE_RECORD}${RECORD_HISTORY}
if not create_record(KEYS[1], ARGV[1]) then return -1 end
return record_history(KEYS[2], {unpack(ARGV, 2)}, 1)
`,
);

/**
 * KEYS record, body, watchers, <all> · ARGV as of endTask, then the entry
 * → [verdict, revision, body bytes, what record_history answered]
 */
export const endAndList = luaScript<[EndVerdict, number, number, number]>(
  "endAndList",
  4,
  `${END_TASK}${ANNOUNCE_END}${RECORD_HISTORY}
local verdict, sealed = end_task(KEYS, ARGV)
if not sealed then return {verdict[1], verdict[2], verdict[3], 0} end
verdict[4] = record_history(KEYS[4], {unpack(ARGV, ${END_VALUES + 1}, ${END_VALUES + ENTRY_VALUES})}, verdict[2])
announce_end(KEYS[3], ARGV[14], ARGV[13], ARGV[3], verdict[3] >= 0, sealed)
return verdict
`,
);
