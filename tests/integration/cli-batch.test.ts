import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listTasks } from "../support/api-client.ts";
import { orchestrator, startCommandLine } from "../support/command-line.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({ droplets: ["echo"] });
const folder = await mkdtemp(join(tmpdir(), "orchestrator-batch-"));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

async function writeLines(name: string, lines: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, lines.join("\n"));
  return file;
}

const taskOf = (requestedBy: string, n: number): string =>
  JSON.stringify({ droplet_name: "echo", path: `/${n}`, meta: { requested_by: requestedBy } });

async function countOf(requestedBy: string): Promise<number> {
  return (await listTasks(shared.api, { requested_by: requestedBy, limit: 1 })).total;
}

test("a batch that was killed is run again, and no task is there twice", async () => {
  const lines = Array.from({ length: 300 }, (_, n) => taskOf("killed", n));
  const file = await writeLines("killed.jsonl", lines);
  {
    await using first = startCommandLine(shared.api, ["batch", file, "--concurrency", "2"]);
    await waitFor("some tasks", async () => (await countOf("killed")) >= 10, {
      timeoutMs: 40_000,
    });
    first.signal("SIGKILL");
    await first.result();
  }
  const before = await countOf("killed");
  expect(before).toBeLessThan(300);
  const again = await orchestrator(shared.api, ["batch", file, "--json"]);
  expect(again.code).toBe(0);
  expect(again.documents.filter(({ joined }) => joined === true).length).toBeGreaterThanOrEqual(10);
  expect(new Set(again.documents.map(({ line }) => line)).size).toBe(300);
  expect(new Set(again.documents.map(({ task_id }) => task_id)).size).toBe(300);
  await waitFor("every task on the list", async () => (await countOf("killed")) >= 300);
  expect(await countOf("killed")).toBe(300);

  const third = await orchestrator(shared.api, ["batch", file]);
  expect(third.stderr).toContain("0 submitted, 300 had been submitted before");
  expect(await countOf("killed")).toBe(300);
});

test("lines that are refused are named and hold up no others; a corrected one is a new task", async () => {
  const good = [taskOf("mixed", 1), taskOf("mixed", 2)] as const;
  const bad = ["not json", JSON.stringify({ droplet_name: "nobody", path: "/" })] as const;
  const file = await writeLines("mixed.jsonl", [good[0], bad[0], "", bad[1], good[1]]);
  const { code, stderr, documents } = await orchestrator(shared.api, ["batch", file, "--json"]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/line 2: INVALID_REQUEST/);
  expect(stderr).toMatch(/line 4: DROPLET_NOT_FOUND/);
  expect(new Set(documents.map(({ line }) => line))).toEqual(new Set([1, 2, 4, 5]));

  await writeLines("mixed.jsonl", [good[0], taskOf("mixed", 3), "", taskOf("mixed", 4), good[1]]);
  const corrected = await orchestrator(shared.api, ["batch", file, "--wait", "--json"]);
  expect(corrected.code).toBe(0);
  expect(corrected.stderr).toContain("2 submitted, 2 had been submitted before");
  expect(corrected.documents.map(({ status }) => status)).toEqual(Array(4).fill("success"));
  expect(await countOf("mixed")).toBe(4);
});

test("stdin is resumable under a name, and a batch of its own without one", async () => {
  const stdin = [taskOf("piped", 1), taskOf("piped", 2)].join("\n");
  await orchestrator(shared.api, ["batch", "-", "--run", "monday"], { stdin });
  const again = await orchestrator(shared.api, ["batch", "-", "--run", "monday"], { stdin });
  expect(again.stderr).toContain("2 had been submitted before");
  const anew = await orchestrator(shared.api, ["batch", "-"], { stdin });
  expect(anew.stderr).toContain("2 submitted");
  await waitFor("all on the list", async () => (await countOf("piped")) === 4);
});

test("a batch waits for an API that restarts, and a task that fails is exit code 1", async () => {
  const { api } = shared;
  const port = String(api.port);
  const path = shared.droplet("echo").route([404]);
  const lines = Array.from({ length: 200 }, (_, n) => taskOf("restarted", n));
  lines.push(JSON.stringify({ droplet_name: "echo", path, meta: { requested_by: "restarted" } }));
  const file = await writeLines("restarted.jsonl", lines);
  await using run = startCommandLine(api, ["batch", file, "--concurrency", "2", "--wait"]);
  await waitFor("some tasks", async () => (await countOf("restarted")) >= 5, {
    timeoutMs: 40_000,
  });
  await api.kill();
  await api.start({ PORT: port });
  const { code, stderr } = await run.result();
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(stderr).toMatch(/line 201: task \S+: error: DROPLET_ERROR/);
  expect(stderr).toContain("200 succeeded, 1 did not");
  expect(await countOf("restarted")).toBe(201);
});
