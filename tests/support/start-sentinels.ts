import { onRedis } from "./redis-commands.ts";
import { SERVER_SETTINGS, startRedisNode, type RedisNode } from "./redis-node.ts";
import { waitFor } from "./wait-for.ts";

const SENTINELS = 3;
const QUORUM = 2;
const MASTER_NAME = "mymaster";

/** A master that is silent for so long is replaced. */
const DOWN_AFTER_MS = 1000;

export interface RedisSentinels extends AsyncDisposable {
  /** As in REDIS_URL. */
  readonly url: string;
  /** At the start. */
  readonly master: RedisNode;
  readonly replica: RedisNode;
  readonly sentinels: readonly RedisNode[];
  /** Whom the Sentinels name now. */
  masterPort(): Promise<number>;
}

/** A master and its replica, watched by three Sentinels that agree by two. */
export async function startSentinels(): Promise<RedisSentinels> {
  await using opened = new AsyncDisposableStack();
  const master = opened.use(await startRedisNode(SERVER_SETTINGS));
  const replicaOf = `replicaof 127.0.0.1 ${master.port}`;
  const replica = opened.use(await startRedisNode([...SERVER_SETTINGS, replicaOf]));
  await waitFor("the replica to be in step", async () => {
    return await onRedis(replica.url, async (redis) =>
      (await redis.info("replication")).includes("master_link_status:up"),
    );
  });
  const watching = [
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER_NAME} 5000`,
  ];
  const sentinels: RedisNode[] = [];
  for (let n = 0; n < SENTINELS; n++) {
    sentinels.push(opened.use(await startRedisNode(watching, "--sentinel")));
  }
  for (const sentinel of sentinels) await untilInformed(sentinel);
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const opening = opened.move();
  return {
    url: `redis-sentinel://${hosts}/${MASTER_NAME}`,
    master,
    replica,
    sentinels,
    masterPort: async () => Number(await fieldOf(sentinels[0], "port")),
    [Symbol.asyncDispose]: async () => await opening.disposeAsync(),
  };
}

/** A Sentinel that knows neither replica nor the others cannot take part in a failover. */
async function untilInformed(sentinel: RedisNode): Promise<void> {
  await waitFor(`sentinel ${sentinel.port} to know the others`, async () => {
    const [others, replicas] = await Promise.all(
      ["num-other-sentinels", "num-slaves"].map(async (name) => await fieldOf(sentinel, name)),
    );
    return Number(others) === SENTINELS - 1 && Number(replicas) === 1;
  });
}

async function fieldOf(sentinel: RedisNode | undefined, name: string): Promise<string> {
  if (sentinel === undefined) throw new Error("no sentinel");
  const fields = await onRedis(sentinel.url, async (redis) => {
    return (await redis.call("SENTINEL", "MASTER", MASTER_NAME)) as string[];
  });
  return fields[fields.indexOf(name) + 1] ?? "";
}
