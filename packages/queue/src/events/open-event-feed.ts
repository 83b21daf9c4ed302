import type { Redis } from "../redis/redis.ts";
import { connect, PATIENT, type ConnectOptions } from "../redis/connect.ts";
import type { UnlistedTasks } from "../history/unlisted-tasks.ts";
import type { Keys } from "../redis/keys.ts";
import { EventFeed } from "./event-feed.ts";
import { EventLog } from "./event-log.ts";
import { READER_SILENCE_MS_MAX } from "./event-reader.ts";

/** The feed over a store's connection; the reader opens one of its own, and only while somebody follows. */
export function openEventFeed(
  redis: Redis,
  keys: Keys,
  { unlisted, ...server }: ConnectOptions & { unlisted: UnlistedTasks },
): EventFeed {
  const manners = { ...PATIENT, socketTimeout: READER_SILENCE_MS_MAX };
  return new EventFeed({
    log: new EventLog(redis, keys),
    connect: () => connect({ ...server, name: `${server.name}-events` }, manners),
    listUnlisted: async () => await unlisted.listAll(),
    onError: server.onError,
  });
}
