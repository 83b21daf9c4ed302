import { setTimeout as delay } from "node:timers/promises";
import type { DemoAnswer, DemoHandler, DemoRequest } from "./http-server.ts";

const FLAKY_FAILURES = 2;
const TASKS_REMEMBERED_MAX = 10_000;

export interface DemoDroplet {
  readonly id: number;
  readonly name: string;
  readonly handle: DemoHandler;
}

/** The four droplets that `npm start` brings up, in the order of their ports. Each behaves alike on any path. */
export function createDemoDroplets({ slowMs = 3_000 }: { slowMs?: number } = {}): DemoDroplet[] {
  const kinds: [name: string, handle: DemoHandler][] = [
    ["echo", ({ method, path, headers, body }) => ok({ method, path, headers, body })],
    [
      "slow",
      async () => {
        await delay(slowMs, undefined, { ref: false });
        return ok({ ok: true, waited_ms: slowMs });
      },
    ],
    ["flaky", createFlaky()],
    ["failing", () => ({ status: 500, body: { error: "this droplet always fails" } })],
  ];
  return kinds.map(([name, handle], index) => ({
    id: 10 + index,
    name,
    handle: acknowledgingMessages(handle),
  }));
}

/**
 * Fails twice per task, then answers. Tasks are told apart by X-Task-Id; a request without one is a task of its own
 * that nobody can repeat, and so fails. The oldest task is forgotten when too many are known.
 */
function createFlaky(): DemoHandler {
  const failures = new Map<string, number>();
  return ({ headers }) => {
    const taskId = String(headers["x-task-id"] ?? "");
    const attempt = (failures.get(taskId) ?? 0) + 1;
    if (taskId === "" || attempt <= FLAKY_FAILURES) {
      failures.set(taskId, attempt);
      const [oldest] = failures.keys();
      if (failures.size > TASKS_REMEMBERED_MAX && oldest !== undefined) failures.delete(oldest);
      return { status: 503, body: { error: "not yet", attempts: attempt } };
    }
    failures.delete(taskId);
    return ok({ ok: true, attempts: attempt });
  };
}

/**
 * POST /message is how droplets of the mesh talk to each other. The receipt is added to the droplet's usual answer, in
 * its own time and with its own failures.
 */
function acknowledgingMessages(handle: DemoHandler): DemoHandler {
  return async (request) => {
    const answer = await handle(request);
    if (!isMessage(request) || answer.status >= 400) return answer;
    const receipt = { received: true, trace_id: traceIdOf(request.body), result: "success" };
    return ok({ ...answer.body, ...receipt, processed_at: new Date().toISOString() });
  };
}

function traceIdOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "trace_id" in body ? body.trace_id : null;
}

function isMessage({ method, path }: DemoRequest): boolean {
  return method === "POST" && path.split("?", 1)[0] === "/message";
}

function ok(body: object): DemoAnswer {
  return { status: 200, body };
}
