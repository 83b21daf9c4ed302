import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { submit, untilEnded } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import type { Answer } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";

const CALLERS = 4;

interface Counted {
  /** Whole waiting calls: what the caller got in the end, repeats included. */
  calls: number;
  answered202: number;
  repeated: number;
  ids: Set<string>;
  failed: string[];
}

/** What one request to a stopping API may come to; null is a connection that was refused or cut. */
async function tryOnce(api: Service, key: string): Promise<Answer | null> {
  try {
    const headers = { "idempotency-key": key };
    return await submit(api, { droplet_name: "depot", method: "POST", path: "/" }, { headers });
  } catch {
    // As behind a proxy that takes the next one: the key makes the repeat safe.
    return null;
  }
}

/** One caller who waits for every task, and repeats with the same key, at the next API, what was not answered. */
async function keepCalling({ apis }: Orchestrator, signal: AbortSignal, counted: Counted) {
  for (let turn = 0; !signal.aborted; turn++) {
    const key = randomUUID();
    counted.calls++;
    for (let tries = 0; ; tries++) {
      const api = apis[(turn + tries) % apis.length];
      if (api === undefined) throw new Error("no API");
      const answer = await tryOnce(api, key);
      const isToRepeat =
        answer === null || (answer.status === 503 && answer.headers["retry-after"] !== undefined);
      if (!isToRepeat || tries === 20) {
        note(answer, counted);
        break;
      }
      counted.repeated++;
      await sleep(200);
    }
    await sleep(30);
  }
}

function note(answer: Answer | null, counted: Counted): void {
  if (answer?.status === 200 || answer?.status === 202) {
    if (answer.status === 202) counted.answered202++;
    counted.ids.add((answer.body as { task_id: string }).task_id);
  } else counted.failed.push(`${answer?.status}: ${answer?.text.slice(0, 200)}`);
}

test(
  "a rolling restart of two APIs and two workers under load: no call fails, every task succeeds, none is sent twice",
  { timeout: 90_000 },
  async () => {
    await using droplet = await startDroplet("depot", () => ({ json: "done", afterMs: 100 }));
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      apis: 2,
      workers: 2,
      // More than any call takes, as in operation: what runs is finished before the process goes.
      env: { SHUTDOWN_GRACE: "10" },
    });
    const counted: Counted = {
      calls: 0,
      answered202: 0,
      repeated: 0,
      ids: new Set(),
      failed: [],
    };
    const stopping = new AbortController();
    const callers = Array.from(
      { length: CALLERS },
      async () => await keepCalling(orchestrator, stopping.signal, counted),
    );
    for (const service of [...orchestrator.apis, ...orchestrator.workers]) {
      const before = counted.calls;
      await service.restart();
      await service.untilReady();
      expect(counted.calls).toBeGreaterThan(before);
    }
    stopping.abort();
    await Promise.all(callers);

    const { api } = orchestrator;
    const records = await Promise.all(
      [...counted.ids].map(async (id) => await untilEnded(api, id)),
    );
    const sentMoreThanOnce = records.filter(({ id }) => droplet.callsOf(id).length > 1).length;
    process.stdout.write(
      `rolling restart: ${counted.calls} waiting calls, ${counted.answered202} answered 202, ` +
        `${counted.repeated} repeated, ${sentMoreThanOnce} of ${records.length} tasks sent more than once\n`,
    );
    expect(counted.failed).toEqual([]);
    expect(counted.ids.size).toBe(counted.calls);
    expect(new Set(records.map(({ status }) => status))).toEqual(new Set(["success"]));
    expect(sentMoreThanOnce).toBe(0);
    expect(new Set(droplet.requests.map(({ taskId }) => taskId))).toEqual(counted.ids);
  },
);
