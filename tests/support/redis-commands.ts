import { connectToOne, FAILING_FAST, untilReady } from "@orchestrator/queue";
import { within } from "./wait-for.ts";

/** To one server: a test that looks into a Cluster asks each of its nodes. */
type Connection = ReturnType<typeof connectToOne>;

const CONNECT_MS_MAX = 5000;
const COMMAND_MS_MAX = 6000;

/** Runs commands on a connection of their own, for what a test must arrange or look at behind the product's back. */
export async function onRedis<Found>(
  url: string,
  work: (redis: Connection) => Promise<Found>,
): Promise<Found> {
  const redis = connectToOne(
    { url, name: "orchestrator-tests", onError: () => {} },
    { ...FAILING_FAST, commandTimeout: COMMAND_MS_MAX },
  );
  try {
    await within(CONNECT_MS_MAX, `a connection to ${url}`, untilReady(redis));
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

export async function answersPing(url: string): Promise<boolean> {
  return await onRedis(url, async (redis) => (await redis.ping()) === "PONG");
}

/** Resolves when a replica has everything its master was told so far. */
export async function untilReplicated(masterUrl: string, key: string): Promise<void> {
  await onRedis(masterUrl, async (redis) => {
    await redis.set(key, "written last");
    if ((await redis.wait(1, 5000)) < 1) throw new Error("no replica has confirmed");
  });
}

/** Removes everything one test left under its prefix, so that a Redis of the user's own stays as it was. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  await onRedis(url, async (redis) => {
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  });
}
