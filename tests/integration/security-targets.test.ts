import { expect, test } from "vitest";
import { submit, submitAndWait } from "../support/api-client.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";

const shared = shareOrchestrator({ droplets: ["honest"] });

/** Puts a droplet on the Registry's list, as whoever writes there could. */
async function list(name: string, endpoint: string): Promise<void> {
  shared.orchestrator.registry.list.push({ id: `listed-${name}`, name, endpoint });
  await untilKnown(shared.api, [name]);
}

test("whatever the path, the request goes to the droplet or nowhere", async () => {
  await using evil = await startDroplet("evil", echo);
  const honest = shared.droplet("honest");
  const host = new URL(evil.url).host;
  const paths = [
    `@${host}/x`,
    `:80@${host}/x`,
    `//${host}/x`,
    `///${host}/x`,
    `\\\\${host}/x`,
    `/\\${host}/x`,
    `/@${host}/x`,
    `.${host}/x`,
    `http://${host}/x`,
    `/x\r\nHost: ${host}`,
    `/x HTTP/1.1\r\nHost: ${host}`,
    `/%0d%0aHost:%20${host}`,
    `/..//${host}/x`,
    `/%2e%2e/%2f${host}/x`,
    `?@${host}`,
    `#@${host}`,
    "/\u0000",
    `/${"a/".repeat(1000)}`,
  ];
  for (const path of paths) {
    const before = honest.requests.length;
    const answer = await submit(shared.api, { droplet_name: "honest", path, max_retries: 0 });
    if (answer.status === 400) continue;
    expect([path, answer.status]).toEqual([path, 200]);
    const { target_url } = answer.body as { target_url: string | null };
    if (target_url !== null) expect(new URL(target_url).origin).toBe(honest.url);
    expect(honest.requests.length - before).toBeLessThanOrEqual(1);
  }
  expect(evil.requests).toEqual([]);
});

test("a redirect is the droplet's answer and is not followed", async () => {
  await using evil = await startDroplet("evil", echo);
  const location = `${evil.url}/stolen`;
  for (const status of [301, 302, 303, 307, 308]) {
    const path = shared.droplet("honest").route([{ status, headers: { location } }]);
    const result = await submitAndWait(shared.api, { droplet_name: "honest", path });
    expect(result).toMatchObject({ status: "error", response_status: status, retry_count: 0 });
  }
  expect(evil.requests).toEqual([]);
});

test.for([
  ["metadata", "http://169.254.169.254"],
  ["metadata-6", "http://[fd00:ec2::254]"],
  ["mapped", "http://[::ffff:169.254.169.254]"],
  ["decimal", "http://2852039166"],
  ["octal", "http://0251.0376.0251.0376"],
  ["unspecified", "http://0.0.0.0:1"],
] as const)(
  "a droplet whose address must not be called ends its task at once, without a retry: %s",
  async ([name, endpoint], { expect: the }) => {
    // 0.0.0.0 is no endpoint at all: the list leaves it out.
    if (name === "unspecified") {
      shared.orchestrator.registry.list.push({ id: name, name, endpoint });
      const { status } = await submit(shared.api, { droplet_name: name, path: "/" });
      the([200, 400]).toContain(status);
      return;
    }
    await list(name, endpoint);
    const result = await submitAndWait(shared.api, {
      droplet_name: name,
      path: "/latest/meta-data",
    });
    the(result).toMatchObject({
      status: "error",
      response_status: null,
      retry_count: 0,
      error: { code: "TARGET_FORBIDDEN" },
    });
  },
);

test("a name that resolves to a denied address is refused on connect: nothing arrives, nothing is retried", async () => {
  await using hidden = await startDroplet("hidden", echo);
  const named = { name: "hidden", url: hidden.url.replace("127.0.0.1", "localhost") };
  await using orchestrator = await startOrchestrator({
    droplets: [named],
    // The list itself comes from loopback: the Registry is not a droplet's address.
    workerEnv: { DROPLET_DENIED_NETWORKS: "127.0.0.0/8,::1/128" },
  });
  const task = { droplet_name: "hidden", path: "/" };
  expect(await submitAndWait(orchestrator.api, task)).toMatchObject({
    status: "error",
    retry_count: 0,
    error: { code: "TARGET_FORBIDDEN" },
  });
  expect(hidden.requests).toEqual([]);
});

test("a droplet that is not on the list of allowed hosts is not called", async () => {
  await using stranger = await startDroplet("stranger", echo);
  await using orchestrator = await startOrchestrator({
    droplets: [stranger],
    workerEnv: { DROPLET_ALLOWED_HOSTS: "*.mesh.example" },
  });
  const task = { droplet_name: "stranger", path: "/" };
  expect(await submitAndWait(orchestrator.api, task)).toMatchObject({
    retry_count: 0,
    error: { code: "TARGET_FORBIDDEN" },
  });
  expect(stranger.requests).toEqual([]);
});

test("a task that comes back to us again and again is stopped by its hop count", async () => {
  await list("ourselves", shared.api.url);
  let task: object = { droplet_name: "honest", path: "/" };
  for (let n = 0; n < 12; n += 1) {
    task = { droplet_name: "ourselves", method: "POST", path: "/tasks", payload: task };
  }
  const { text } = await submit(shared.api, { ...task });
  expect(text).toContain("LOOP_DETECTED");
});
