import { expect, test } from "vitest";
import { createDemoDroplets } from "./droplets.ts";
import { serveLocally } from "./testing/serve-locally.ts";

const notYet = (attempts: number) => [503, { error: "not yet", attempts }];

function serve(name: string, options: { slowMs?: number } = {}) {
  const droplet = createDemoDroplets(options).find((each) => each.name === name);
  if (droplet === undefined) throw new Error(`no demo droplet ${name}`);
  return serveLocally(droplet.handle);
}

test("the demo droplets are echo, slow, flaky and failing, in the order of their ports", () => {
  expect(createDemoDroplets().map(({ id, name }) => [id, name])).toEqual([
    [10, "echo"],
    [11, "slow"],
    [12, "flaky"],
    [13, "failing"],
  ]);
});

test.each(["GET", "POST", "PUT", "PATCH", "DELETE"])(
  "echo answers %s on any path with what it was sent",
  async (method) => {
    await using echo = await serve("echo");
    const body = method === "GET" ? {} : { body: JSON.stringify({ n: 1 }) };
    const response = await fetch(`${echo.base}/any/path?q=1`, {
      method,
      headers: { "x-mine": "yes" },
      ...body,
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      method,
      path: "/any/path?q=1",
      headers: { "x-mine": "yes" },
      body: method === "GET" ? null : { n: 1 },
    });
  },
);

test("echo returns a body that is not JSON as text", async () => {
  await using echo = await serve("echo");
  const response = await fetch(echo.base, { method: "POST", body: "plain {text" });
  expect(await response.json()).toMatchObject({ body: "plain {text" });
});

test("slow answers after its time", async () => {
  await using slow = await serve("slow", { slowMs: 200 });
  const startedAt = performance.now();
  const response = await fetch(`${slow.base}/work`);
  expect(response.status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(195);
});

test("flaky fails twice for each task, told apart by X-Task-Id, then answers", async () => {
  await using flaky = await serve("flaky");
  const call = async (taskId: string) => {
    const response = await fetch(`${flaky.base}/work`, { headers: { "x-task-id": taskId } });
    return [response.status, await response.json()];
  };
  expect(await call("a")).toEqual(notYet(1));
  expect(await call("b")).toEqual(notYet(1));
  expect(await call("a")).toEqual(notYet(2));
  expect(await call("a")).toEqual([200, { ok: true, attempts: 3 }]);
  expect(await call("b")).toEqual(notYet(2));
});

test("failing answers 500 with a JSON body, on any path and to messages too", async () => {
  await using failing = await serve("failing");
  const get = await fetch(`${failing.base}/anything`);
  expect(get.status).toBe(500);
  expect(await get.json()).toEqual({ error: "this droplet always fails" });
  const message = await fetch(`${failing.base}/message`, { method: "POST", body: "{}" });
  expect(message.status).toBe(500);
});

test("a message is acknowledged with its trace id", async () => {
  await using echo = await serve("echo");
  const response = await fetch(`${echo.base}/message`, {
    method: "POST",
    body: JSON.stringify({ trace_id: "t-1", message_type: "event" }),
  });
  expect(await response.json()).toMatchObject({
    received: true,
    trace_id: "t-1",
    result: "success",
    path: "/message",
  });
});
