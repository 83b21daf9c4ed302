import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { SeededRandom } from "../chaos/seeded-random.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { generateBytes, generateRequest } from "./generated-request.ts";
import { closeConnections, throwBytes, throwRequest, type Thrown } from "./throw-request.ts";

const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 20_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const AT_ONCE = 16;
const MEMORY_MB_MAX = 80;

/** One in so many is bytes on a socket. */
const RAW_EVERY = 10;

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
      env: { LOG_LEVEL: "warn" },
      apiEnv: { WAIT_MAX: "0.2", TASK_TIMEOUT: "2", TASK_MAX_RETRIES: "0", LOG_LEVEL: "info" },
      workerEnv: { TASK_MAX_HISTORY: "500", LOG_LEVEL: "info" },
    });
    const { api, worker } = orchestrator;
    const { pid, port } = api;
    const random = new SeededRandom(SEED);
    const counts = new Map<string, number>();
    const complaints: string[] = [];

    const throwMany = async (count: number): Promise<void> => {
      let left = count;
      const one = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          const thrown: Thrown =
            left % RAW_EVERY === 0
              ? await throwBytes(port, generateBytes(random))
              : await throwRequest(port, generateRequest(random));
          counts.set(thrown.outcome, (counts.get(thrown.outcome) ?? 0) + 1);
          if (thrown.complaint !== null) complaints.push(thrown.complaint);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    };

    const warmUp = Math.floor(REQUESTS / 4);
    await throwMany(warmUp);
    const memoryBefore = memoryMb(pid);
    await throwMany(REQUESTS - warmUp);
    const memoryAfter = memoryMb(pid);
    closeConnections();

    for (const [outcome, count] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
      say(`${outcome}: ${count}`);
    say(`memory: ${memoryBefore} MB after the first quarter, ${memoryAfter} MB at the end`);
    expect(complaints.slice(0, 10)).toEqual([]);
    expect([api.pid, api.isRunning, worker.isRunning]).toEqual([pid, true, true]);
    expect((await send(api, "/healthz/ready")).status).toBe(200);
    expect(api.logs.filter("request.crashed")).toEqual([]);
    expect(memoryAfter).toBeLessThanOrEqual(memoryBefore + MEMORY_MB_MAX);
  },
);

function memoryMb(pid: number): number {
  return Math.round(
    Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)]).toString()) / 1024,
  );
}
