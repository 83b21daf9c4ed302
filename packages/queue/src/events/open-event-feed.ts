import type { Redis } from "ioredis";
import { connect, PATIENT } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { EventFeed } from "./event-feed.ts";
import { EventLog } from "./event-log.ts";
import { READER_SILENCE_MS_MAX } from "./event-reader.ts";

export interface EventFeedConnections {
  redisUrl: string;
  /** Whose connections these are, for CLIENT LIST. */
  name: string;
  onError: (error: unknown) => void;
}

/** The feed over a store's connection; the reader opens one of its own, and only while somebody follows. */
export function openEventFeed(
  redis: Redis,
  keys: Keys,
  { redisUrl: url, name, onError }: EventFeedConnections,
): EventFeed {
  const manners = { ...PATIENT, socketTimeout: READER_SILENCE_MS_MAX };
  return new EventFeed({
    log: new EventLog(redis, keys),
    connect: () => connect({ url, name: `${name}-events`, onError }, manners),
    onError,
  });
}
