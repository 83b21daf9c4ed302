import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Example } from "../../apps/cli/src/command.ts";
import { COMMANDS } from "../../apps/cli/src/commands.ts";
import { submitAndWait, submitAsync } from "../support/api-client.ts";
import { orchestrator, startCommandLine } from "../support/command-line.ts";
import { findFreePort } from "../support/free-port.ts";
import { readDroplet } from "../support/operate.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const shared = shareOrchestrator({ droplets: ["echo", "flaky", "failing", "held"] });
const api = (): { url: string } => shared.api;

const folder = await mkdtemp(join(tmpdir(), "orchestrator-cli-"));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

test("submit --wait prints how the task ended, and the exit code tells it", async () => {
  const args = ["submit", "echo", "/orders", "-d", '{"item":7}', "-H", "X-One: 1", "--wait"];
  const { code, documents } = await orchestrator(api(), [...args, "--json"]);
  expect(code).toBe(0);
  const body = { method: "POST", path: "/orders", body: { item: 7 } };
  expect(documents).toMatchObject([{ status: "success", response_body: body }]);
  expect(documents).toMatchObject([{ response_body: { headers: { "x-one": "1" } } }]);

  const path = shared.droplet("echo").route([404]);
  const failed = await orchestrator(api(), ["submit", "echo", path, "--wait"]);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/error {2}HTTP 404[\s\S]*DROPLET_ERROR/);
});

test("submit --follow shows every step on stderr, --max-wait ends with 5 and the id", async () => {
  const followed = await orchestrator(api(), ["submit", "echo", "/hello", "--follow", "--json"]);
  expect(followed.code).toBe(0);
  expect(followed.stderr).toMatch(/queued[\s\S]*running[\s\S]*success/);
  expect(followed.documents).toMatchObject([{ status: "success" }]);

  const args = ["submit", "echo", "/x", "--delay", "60s", "--wait", "--max-wait", "200ms"];
  const { code, stderr, documents } = await orchestrator(api(), [...args, "--json"]);
  expect(code).toBe(5);
  expect(documents).toMatchObject([{ error: { code: "STILL_RUNNING" } }]);
  const id = /task (\S+) has not ended/.exec(stderr)?.[1] ?? "";
  const cancelled = await orchestrator(api(), ["cancel", id, "--json"]);
  expect(cancelled.documents).toMatchObject([{ task_id: id, status: "cancelled" }]);
  const again = await orchestrator(api(), ["get", id, "--wait"]);
  expect(again.code).toBe(1);
});

test("get, list, watch and replay show what there is", async () => {
  const meta = { requested_by: "cli-reader" };
  const { task_id } = await submitAndWait(api(), { droplet_name: "echo", path: "/seen", meta });
  const got = await orchestrator(api(), ["get", task_id]);
  expect(got.code).toBe(0);
  expect(got.stdout).toMatch(/GET \/seen on echo[\s\S]*ATTEMPT[\s\S]*HTTP 200/);
  expect(got.stdout).not.toContain("\u001b");

  const listed = await orchestrator(api(), ["list", "--requested-by", "cli-reader", "--json"]);
  expect(listed.documents).toMatchObject([{ task_id }]);
  const all = await orchestrator(api(), ["list", "--all", "--status", "success", "--since", "1h"]);
  expect(all.stdout).toContain(task_id);

  const watched = await orchestrator(api(), ["watch", task_id, "--json"]);
  expect(watched.code).toBe(0);
  expect(watched.documents.map(({ event }) => event)).toEqual(["queued", "running", "success"]);

  const replayed = await orchestrator(api(), ["replay", task_id, "--json"]);
  expect(replayed.documents).toMatchObject([{ replayed_from: task_id }]);
  const counted = await orchestrator(api(), ["replay", "--status", "cancelled", "--json"]);
  expect(counted.documents).toMatchObject([{ dry_run: true }]);
  expect((await orchestrator(api(), ["replay"])).code).toBe(2);
});

test("what happens to all tasks is followed until Ctrl-C, which exits with 130", async () => {
  await using watching = startCommandLine(api(), ["watch", "--droplet", "held", "--json"]);
  let id = "";
  await expect
    .poll(
      async () => {
        ({ task_id: id } = await submitAndWait(api(), { droplet_name: "held", path: "/" }));
        return watching.stdout;
      },
      { timeout: 20_000, interval: 200 },
    )
    .toContain("success");
  await watching.untilStdout(id);
  watching.signal("SIGINT");
  expect(await watching.result()).toMatchObject({ code: 130 });
});

test("an operator pauses, limits, forces and resumes a droplet, and the audit knows", async () => {
  const run = async (...args: string[]): Promise<void> => {
    expect(await orchestrator(api(), args)).toMatchObject({ code: 0, stderr: "" });
  };
  await run("pause", "held");
  await run("limits", "held", "--concurrency", "5", "--rate", "100/2s");
  await run("circuit", "held", "open");
  expect(await readDroplet(api(), "held")).toMatchObject({
    paused: true,
    circuit: { state: "forced_open" },
    limits: { concurrency: 5, rate: { max: 100, per_ms: 2000 } },
  });
  const examined = await orchestrator(api(), ["doctor"], { env: { REDIS_URL: "" } });
  const shown = await orchestrator(api(), ["droplets", "held"]);
  expect(shown.stdout).toMatch(/paused\s+yes[\s\S]*forced_open[\s\S]*100 in 2000 ms/);
  await run("circuit", "held", "auto");
  await run("limits", "held", "--concurrency", "none", "--rate", "none");
  await run("resume", "held");
  expect(await readDroplet(api(), "held")).toMatchObject({ paused: false, limits: { rate: null } });
  const { documents } = await orchestrator(api(), ["audit", "--limit", "3", "--json"]);
  expect(documents).toMatchObject([{ entries: [{ action: "resume" }, {}, {}] }]);
  expect(examined.code).toBe(0);
});

test("top shows a line for each droplet", async () => {
  await submitAndWait(api(), { droplet_name: "echo", path: "/for-top" });
  await expect
    .poll(async () => (await orchestrator(api(), ["top"])).stdout, { timeout: 20_000 })
    .toMatch(/DROPLET +QUEUED[\s\S]*\necho /);
  const { documents } = await orchestrator(api(), ["top", "--once", "--json"]);
  expect(documents).toMatchObject([{ service: "orchestrator", workers: [{}] }]);
});

test("doctor looks at Redis too, and says what to do", async () => {
  const { code, stdout } = await orchestrator(api(), ["doctor"], {
    env: { REDIS_URL: shared.orchestrator.redisUrl },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/ok +redis maxmemory-policy: noeviction/);
  expect(stdout).toMatch(/warn +redis appendonly: no\n +→ .*CONFIG SET appendonly yes/);
  expect(stdout).toMatch(/ok +clock of redis/);
  expect(stdout).toMatch(/ok +node of the api: v2/);

  const url = `http://127.0.0.1:${await findFreePort()}`;
  const lost = await orchestrator({ url }, ["doctor", "--json"], {
    env: { REDIS_URL: `redis://user:hunter2@127.0.0.1:${await findFreePort()}` },
  });
  expect(lost.code).toBe(4);
  expect(lost.documents).toMatchObject([{ findings: [{ check: "api", level: "fail" }, {}] }]);
  expect(lost.stdout + lost.stderr).not.toContain("hunter2");
});

test("what is wrong has its exit code, its words, and no secrets", async () => {
  const refused = await orchestrator(api(), ["submit", "nobody", "/", "--json"]);
  expect(refused.code).toBe(3);
  expect(refused.documents).toMatchObject([{ error: { code: "DROPLET_NOT_FOUND" } }]);
  expect(refused.stderr).toContain("there are: ");

  const env = { ORCHESTRATOR_API_KEY: "hunter2" };
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const lost = await orchestrator({ url }, ["list", "--retry-for", "0"], { env });
  expect(lost.code).toBe(4);
  expect(lost.stderr).toContain(`cannot reach ${url}: connection refused; is it running?`);
  expect(lost.stdout + lost.stderr).not.toContain("hunter2");

  await using page = await new ScriptedServer(() => ({ status: 200, body: "<html>" })).start();
  const strange = await orchestrator(page, ["get", "x", "--retry-for", "0"]);
  expect(strange.code).toBe(4);

  for (const args of [
    ["sbmit"],
    ["submit", "echo"],
    ["submit", "echo", "/", "--priority", "urgent"],
    ["submit", "echo", "/", "-d", "{not json"],
    ["list", "--limit", "0"],
    ["list", "--statsu", "error"],
    ["batch", join(folder, "not-there.jsonl")],
    ["list", "--url", "http://me:hunter2@host"],
  ]) {
    const { code, stdout, stderr } = await orchestrator(api(), args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
    expect(stderr).toMatch(/^orchestrator: /);
    expect(stderr).not.toContain("hunter2");
  }
}, 90_000);

test("every example of every command runs in a shell as it is written", async () => {
  const launcher = new URL("../../apps/cli/orchestrator.mjs", import.meta.url).pathname;
  const tasks = [
    { droplet_name: "echo", path: "/a" },
    { droplet_name: "echo", path: "/b" },
  ];
  await writeFile(
    join(folder, "tasks.jsonl"),
    tasks.map((task) => JSON.stringify(task)).join("\n"),
  );
  shared.droplet("failing").on("/work", [500]);
  await writeFile(
    join(folder, "orchestrator"),
    `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`,
    { mode: 0o755 },
  );
  const { task_id } = await submitAndWait(api(), { droplet_name: "echo", path: "/example" });
  await submitAsync(api(), { droplet_name: "echo", path: "/example" });
  const env = {
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
    ORCHESTRATOR_URL: api().url,
    TASK: task_id,
    NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"),
  };
  const examples = COMMANDS.flatMap((command) => command.examples);
  const runOne = async ({ line, exits = 0, isEndless = false }: Example): Promise<void> => {
    const child = spawn("sh", ["-c", line], { env, cwd: folder, stdio: "pipe", detached: true });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const closed = once(child, "close");
    if (isEndless) {
      // As Ctrl-C does: to everything that the line has started.
      const interrupting = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGINT"), 5000);
      // Outside a terminal some end by themselves.
      child.once("exit", () => clearTimeout(interrupting));
    }
    const [code] = await closed;
    expect(isEndless ? [0, 130, null] : [exits], `${line}\n${said}`).toContain(code);
  };
  for (let from = 0; from < examples.length; from += 6) {
    await Promise.all(examples.slice(from, from + 6).map(runOne));
  }
}, 120_000);
