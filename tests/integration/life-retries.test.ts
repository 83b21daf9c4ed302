import { expect, test } from "vitest";
import { readTask, submitAndWait } from "../support/api-client.ts";
import { perTask, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import type { Step } from "../support/step.ts";

/** Failures are spread over droplets, so that none fails often enough to be held back by its circuit. */
const shared = shareOrchestrator({ droplets: ["statuses", "final", "patient", "elsewhere"] });

/** How much later than it was due an attempt may begin, on a machine that is busy with other tests. */
const LATE_MS_MAX = 5000;

/** The pauses between the end of one attempt and the arrival of the next, in ms. */
function pauses(droplet: ScriptedDroplet, taskId: string): number[] {
  const calls = droplet.callsOf(taskId);
  return calls.slice(1).map(({ arrivedAt }, n) => arrivedAt - (calls[n]?.endedAt ?? 0));
}

const httpDate = (inMs: number): string => new Date(Date.now() + inMs).toUTCString();

test.concurrent.for([408, 425, 429, 500, 502, 503, 504, 507, 599])(
  "%i is tried again after a second",
  async (status, { expect: the }) => {
    const droplet = shared.droplet("statuses");
    const path = droplet.route(perTask([status, 200]));
    const result = await submitAndWait(shared.api, { droplet_name: "statuses", path });
    the(result).toMatchObject({ status: "success", retry_count: 1, response_status: 200 });
    const [pause = 0] = pauses(droplet, result.task_id);
    the(pause).toBeGreaterThanOrEqual(990);
    the(pause).toBeLessThan(1000 + LATE_MS_MAX);
    const { attempts } = await readTask(shared.api, result.task_id);
    the(attempts).toMatchObject([
      { outcome: "responded", response_status: status, error: null, retry_in_ms: 1000 },
      { outcome: "responded", response_status: 200, retry_in_ms: null },
    ]);
    the(attempts[0]?.decision).toContain(String(status));
  },
);

test.concurrent.for([300, 301, 304, 400, 401, 403, 404, 409, 410, 422, 501, 505])(
  "%i is final",
  async (status, { expect: the }) => {
    const droplet = shared.droplet("final");
    const path = droplet.route([status === 304 ? { status } : { status, json: { final: status } }]);
    const result = await submitAndWait(shared.api, { droplet_name: "final", path });
    the(result).toMatchObject({
      status: "error",
      error: { code: "DROPLET_ERROR" },
      response_status: status,
      response_body: status === 304 ? null : { final: status },
      retry_count: 0,
    });
    the(droplet.callsOf(result.task_id)).toHaveLength(1);
  },
);

test.concurrent.for([301, 302, 303, 307, 308])(
  "a redirect (%i) is not followed: where it leads is in the record",
  async (status, { expect: the }) => {
    const elsewhere = shared.droplet("elsewhere");
    const location = `${elsewhere.url}/moved-${status}`;
    const path = shared.droplet("final").route([{ status, headers: { location } }]);
    const body = { droplet_name: "final", method: "POST", path, payload: { secret: 1 } };
    const result = await submitAndWait(shared.api, body);
    the(result).toMatchObject({
      status: "error",
      response_status: status,
      response_headers: { location },
      retry_count: 0,
    });
    the(elsewhere.requests.filter((call) => call.path === `/moved-${status}`)).toEqual([]);
  },
);

test.concurrent.for([
  ["seconds that are longer than our own wait", () => "3", 3000],
  ["zero seconds: our own wait is longer", () => "0", 1000],
  ["a date ahead", () => httpDate(4000), 3000],
  ["a date in the past", () => httpDate(-60_000), 1000],
  ["what cannot be read", () => "soon", 1000],
] as [string, () => string, number][])(
  "Retry-After: %s",
  async ([, header, atLeastMs], { expect: the }) => {
    const droplet = shared.droplet("patient");
    // Written when the first attempt comes, for a date counts from then.
    const steps = perTask([503, 200]);
    const path = droplet.route((request): Step => {
      const step = steps(request);
      return step === 503 ? { status: 503, headers: { "retry-after": header() } } : step;
    });
    const result = await submitAndWait(shared.api, { droplet_name: "patient", path });
    the(result).toMatchObject({ status: "success", retry_count: 1 });
    const [pause = 0] = pauses(droplet, result.task_id);
    the(pause).toBeGreaterThanOrEqual(atLeastMs - 10);
    // A date has no fractions of a second.
    the(pause).toBeLessThan(atLeastMs + 1000 + LATE_MS_MAX);
    const { attempts } = await readTask(shared.api, result.task_id);
    the(attempts[0]?.retry_in_ms).toBeGreaterThanOrEqual(atLeastMs - 10);
  },
);

test.concurrent("a Retry-After beyond what is left of timeout_ms ends the task at once, with the response", async () => {
  const retryLater = { status: 429, headers: { "retry-after": "60" }, json: "later" };
  const path = shared.droplet("patient").route([retryLater]);
  const result = await submitAndWait(shared.api, { droplet_name: "patient", path });
  expect(result).toMatchObject({
    status: "timeout",
    error: { code: "TIMEOUT" },
    response_status: 429,
    response_body: "later",
    response_headers: { "retry-after": "60" },
    retry_count: 0,
  });
  expect(result.duration_ms).toBeLessThan(LATE_MS_MAX);
});

test.concurrent("a Retry-After beyond the deadline ends the task at once as DEADLINE_EXCEEDED", async () => {
  const path = shared.droplet("patient").route([{ status: 503, headers: { "retry-after": "9" } }]);
  const body = { droplet_name: "patient", path, deadline_ms: 8000, timeout_ms: 60_000 };
  const result = await submitAndWait(shared.api, body);
  expect(result).toMatchObject({ status: "timeout", error: { code: "DEADLINE_EXCEEDED" } });
  expect(result.duration_ms).toBeLessThan(LATE_MS_MAX);
});

test.concurrent("after a Retry-After the next wait is again our own", async () => {
  const droplet = shared.droplet("patient");
  const askedToWait = { status: 503, headers: { "retry-after": "2" } };
  const path = droplet.route(perTask([askedToWait, 500, 200]));
  const { task_id } = await submitAndWait(shared.api, { droplet_name: "patient", path });
  const [first = 0, second = 0] = pauses(droplet, task_id);
  expect(first).toBeGreaterThanOrEqual(1990);
  expect(second).toBeGreaterThanOrEqual(1990);
  expect(second).toBeLessThan(2000 + LATE_MS_MAX);
});

test.concurrent("max_retries 0 makes one attempt, and the record says why there is no other", async () => {
  const path = shared.droplet("final").route([503]);
  const body = { droplet_name: "final", path, max_retries: 0 };
  const result = await submitAndWait(shared.api, body);
  expect(result).toMatchObject({ status: "error", response_status: 503, retry_count: 0 });
  const { attempts } = await readTask(shared.api, result.task_id);
  expect(attempts).toHaveLength(1);
  expect(attempts[0]?.decision).toContain("all 0 retries are made");
});
