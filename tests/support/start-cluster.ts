import { onRedis } from "./redis-commands.ts";
import { SERVER_SETTINGS, startRedisNode, type RedisNode } from "./redis-node.ts";
import { waitFor } from "./wait-for.ts";

const MASTERS = 3;
const SLOTS = 16_384;

/** A master that is silent for so long is replaced. */
const NODE_TIMEOUT_MS = 1500;

export interface RedisCluster extends AsyncDisposable {
  /** As in REDIS_URL. */
  readonly url: string;
  readonly masters: readonly RedisNode[];
  /** Takes over from the first master. */
  readonly replica: RedisNode;
}

/** Three masters that share the slots evenly, and a replica of the first. */
export async function startCluster(): Promise<RedisCluster> {
  await using opened = new AsyncDisposableStack();
  const settings = [
    "cluster-enabled yes",
    `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    "cluster-require-full-coverage no",
    ...SERVER_SETTINGS,
  ];
  const nodes: RedisNode[] = [];
  for (let n = 0; n <= MASTERS; n++) nodes.push(opened.use(await startRedisNode(settings)));
  const masters = nodes.slice(0, MASTERS);
  const [first] = masters;
  const replica = nodes[MASTERS];
  if (first === undefined || replica === undefined) throw new Error("no nodes");

  for (const [n, master] of masters.entries()) {
    const from = Math.ceil((SLOTS / MASTERS) * n);
    const to = Math.ceil((SLOTS / MASTERS) * (n + 1)) - 1;
    const slots = Array.from({ length: to - from + 1 }, (_, slot) => from + slot);
    await onRedis(master.url, async (redis) => await redis.cluster("ADDSLOTS", ...slots));
    if (master !== first) await meet(first, master);
  }
  await meet(first, replica);
  const firstId = await onRedis(first.url, async (redis) => await redis.cluster("MYID"));
  await onRedis(replica.url, async (redis) => {
    await waitFor("the replica to know its master", async () => {
      await redis.cluster("REPLICATE", firstId);
      return true;
    });
    await waitFor("the replica to be in step", async () => {
      return (await redis.info("replication")).includes("master_link_status:up");
    });
  });
  for (const node of nodes) await untilWhole(node);
  const opening = opened.move();
  return {
    url: `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    masters,
    replica,
    [Symbol.asyncDispose]: async () => await opening.disposeAsync(),
  };
}

async function meet(node: RedisNode, other: RedisNode): Promise<void> {
  await onRedis(node.url, async (redis) => await redis.cluster("MEET", "127.0.0.1", other.port));
}

async function untilWhole(node: RedisNode): Promise<void> {
  await onRedis(node.url, async (redis) => {
    await waitFor(`node ${node.port} to see the whole cluster`, async () => {
      const info = await redis.cluster("INFO");
      const isWhole = [
        "cluster_state:ok",
        `cluster_slots_ok:${SLOTS}`,
        `cluster_known_nodes:${MASTERS + 1}`,
      ].every((line) => info.includes(line));
      return isWhole;
    });
  });
}
