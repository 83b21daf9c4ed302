import { expect, test } from "vitest";
import { SeededRandom } from "../chaos/seeded-random.ts";
import { listTasks } from "../support/api-client.ts";
import { ApiDocument } from "../support/api-document.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";
import { damagedBytes } from "./damaged-bytes.ts";
import { RequestGenerator } from "./generated-request.ts";
import { INSPECTED, readMemory, type ProcessMemory } from "./process-memory.ts";
import { closeConnections, throwBytes, throwRequest, type Thrown } from "./throw-request.ts";

const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 20_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const AT_ONCE = 16;

/** One in so many is bytes on a socket. */
const RAW_EVERY = 10;

/** Until the optimizer has seen everything, its own notes grow: what is judged begins after that. */
const WARM_UP = Math.floor(REQUESTS / 4);

/** Three times what the engine's own notes take: 1 MB when they begin late, then 0.5 MB in 10,000 requests. */
const LIVE_MB_MAX = 3 + (1.5 * (REQUESTS - WARM_UP)) / 10_000;
/** The collector's own ups and downs, all garbage collected before. */
const RESIDENT_MB_MAX = 25;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

test(
  "whatever is thrown at it, the service answers in time and in the contract's shape, and stays as large as it was",
  { timeout: 60_000 + REQUESTS * 100 },
  async () => {
    say(`seed: ${SEED}, ${REQUESTS} requests`);
    await using redis = await startPrivateRedis();
    await using droplet = await startDroplet("echo", echo);
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
      env: INSPECTED,
      apiEnv: { WAIT_MAX: "0.2", TASK_TIMEOUT: "2", TASK_MAX_RETRIES: "0" },
      // A bulk replay takes all that failed: few, or the replays of replays are a load test.
      workerEnv: { TASK_MAX_HISTORY: "20" },
    });
    const { api, worker } = orchestrator;
    const { pid, port } = api;
    const random = new SeededRandom(SEED);
    const document = await ApiDocument.fetch(api);
    const generator = new RequestGenerator(document, random);
    const counts = new Map<string, number>();
    const answered = new Set<string>();
    const complaints: string[] = [];

    const throwOne = async (number: number): Promise<Thrown> => {
      const asked = generator.next();
      if (number % RAW_EVERY === 0) return await throwBytes(port, damagedBytes(asked, random));
      const thrown = await throwRequest(port, asked);
      generator.learn(thrown.text);
      if (thrown.status >= 200 && thrown.status < 300 && asked.operation !== null)
        answered.add(asked.operation.operationId);
      return thrown;
    };
    const throwMany = async (count: number): Promise<void> => {
      let left = count;
      const oneAfterAnother = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          const { outcome, complaint } = await throwOne(left);
          counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
          if (complaint !== null) complaints.push(complaint);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, oneAfterAnother));
    };
    const bothMemories = async () => {
      // What is under way takes room as well, and is no growth.
      await waitFor("all calls to end", async () => {
        return (await listTasks(api, { status: "running" })).total === 0;
      });
      return [await readMemory(api), await readMemory(worker)] as const;
    };

    await throwMany(WARM_UP);
    const [apiBefore, workerBefore] = await bothMemories();
    await throwMany(REQUESTS - WARM_UP);
    const [apiAfter, workerAfter] = await bothMemories();
    closeConnections();

    for (const [outcome, count] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
      say(`${outcome}: ${count}`);
    say(`operations answered 2xx: ${answered.size} of ${document.operations.length}`);
    say(`memory of the API: ${grown(apiBefore, apiAfter)}`);
    say(`memory of the worker: ${grown(workerBefore, workerAfter)}`);
    expect(complaints.slice(0, 10)).toEqual([]);
    expect([api.pid, api.isRunning, worker.isRunning]).toEqual([pid, true, true]);
    expect((await send(api, "/healthz/ready")).status).toBe(200);
    expect(api.logs.filter("request.crashed")).toEqual([]);
    const notAnswered = document.operations.filter(({ operationId }) => !answered.has(operationId));
    expect(notAnswered.map(({ operationId }) => operationId)).toEqual([]);
    for (const [before, after] of [
      [apiBefore, apiAfter],
      [workerBefore, workerAfter],
    ] as const) {
      expect(after.liveMb).toBeLessThanOrEqual(before.liveMb + LIVE_MB_MAX);
      expect(after.residentMb).toBeLessThanOrEqual(before.residentMb + RESIDENT_MB_MAX);
    }
  },
);

/** As a person wants to read it: from the end of the warm-up to the end, and by 10,000 requests. */
function grown(before: ProcessMemory, after: ProcessMemory): string {
  const perTenThousand = ((after.liveMb - before.liveMb) / (REQUESTS - WARM_UP)) * 10_000;
  return (
    `live ${before.liveMb} → ${after.liveMb} MB (${perTenThousand.toFixed(2)} MB per 10,000 requests), ` +
    `resident ${before.residentMb} → ${after.residentMb} MB`
  );
}
