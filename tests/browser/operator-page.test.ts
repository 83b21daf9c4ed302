import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTasks, submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { readDroplet } from "../support/operate.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";
import { openBrowser, OPERATOR_ENV, type TestBrowser } from "./open-browser.ts";

const PAGE = "/orchestrator/admin";
const NAMES = ["alpha", "beta", "gamma", "delta"];

const opened = new AsyncDisposableStack();
const droplets = new Map<string, ScriptedDroplet>();
let browser: TestBrowser;
let orchestrator: Orchestrator;

/** A droplet of a test's own. */
function dropletOf(name: string): ScriptedDroplet {
  const droplet = droplets.get(name);
  if (droplet === undefined) throw new Error(`no droplet '${name}'`);
  return droplet;
}

/** A task's row in a list; it shows the beginning of the id, and says all of it to who cannot see. */
function rowOf(page: Page, taskId: string): Locator {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name: taskId }) });
}

beforeAll(async () => {
  for (const name of NAMES) droplets.set(name, opened.use(await startDroplet(name)));
  orchestrator = opened.use(
    await startOrchestrator({ droplets: [...droplets.values()], apiEnv: OPERATOR_ENV }),
  );
  browser = opened.use(await openBrowser());
});
afterAll(async () => await opened.disposeAsync());

test("without the operators' password there is no page, with it there is", async () => {
  const { api } = orchestrator;
  await using stranger = await browser.visit(api, { isSignedIn: false });
  for (const path of [PAGE, "/admin", `${PAGE}/page/main.js`]) {
    const answer = await stranger.page.request.get(path);
    expect([path, answer.status()]).toEqual([path, 401]);
    expect(answer.headers()["www-authenticate"]).toMatch(/^Basic /);
  }
  await using operator = await browser.visit(api);
  for (const path of [PAGE, `${PAGE}/`, "/admin", "/admin/"]) {
    await operator.page.goto(path);
    await operator.page.getByRole("heading", { name: "Mesh", exact: true }).waitFor();
    await operator.page.getByRole("link", { name: "alpha", exact: true }).waitFor();
  }
  expect(operator.complaints).toEqual([]);
  expect(operator.elsewhere).toEqual([]);
});

test("a task appears without reloading; a failed one is found, replayed, and seen to succeed", async () => {
  const { api } = orchestrator;
  const path = dropletOf("alpha").route([404, 200]);
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(`${PAGE}#/tasks?droplet_name=alpha`);
  await page.getByText("No task matches.").waitFor();

  const failed = await submitAndWait(api, {
    droplet_name: "alpha",
    path,
    headers: { "x-colour": "green", "x-api-key": "very-secret" },
    meta: { requested_by: "billing" },
  });
  const row = rowOf(page, failed.task_id);
  await row.getByText("DROPLET_ERROR").waitFor();

  // What is being typed outlives what appears beside it.
  await page.getByLabel("Trace id").fill("half a sear");
  const { task_id: next } = await submitAsync(api, { droplet_name: "alpha", path: "/" });
  await rowOf(page, next).getByText("success").waitFor();
  expect(await page.getByLabel("Trace id").inputValue()).toBe("half a sear");

  await page.getByRole("link", { name: "Failed", exact: true }).click();
  await page.getByLabel("Text in the error").fill("answered 404");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: failed.task_id }).click();
  await page.getByText("404 would be answered again").waitFor();
  const sent = page.getByRole("region", { name: "Sent" });
  await sent.getByText("x-colour").waitFor();
  await sent.getByText("[redacted]").waitFor();
  expect(await page.getByText("very-secret").count()).toBe(0);

  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByRole("button", { name: "Replay the task" }).click();
  await page.waitForURL(
    (url) => url.hash.startsWith("#/tasks/") && !url.hash.includes(failed.task_id),
  );
  await page.locator(".summary.success").waitFor();
  await page.getByRole("link", { name: failed.task_id }).waitFor();
  expect(visit.complaints).toEqual([]);
  expect(visit.elsewhere).toEqual([]);
});

test("a paused droplet's queue is seen to stop, and to go on when it is resumed", async () => {
  const { api } = orchestrator;
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(`${PAGE}#/droplets/beta`);
  await page.getByRole("button", { name: "Pause…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("0 tasks in its queue stay there").waitFor();
  await dialog.getByRole("button", { name: "Leave it" }).click();
  expect((await readDroplet(api, "beta")).paused).toBe(false);

  await page.getByRole("button", { name: "Pause…" }).click();
  await dialog.getByRole("button", { name: "Pause it" }).click();
  await page.getByRole("button", { name: "Resume…" }).waitFor();
  expect((await readDroplet(api, "beta")).paused).toBe(true);
  const { task_id: id } = await submitAsync(api, { droplet_name: "beta", path: "/" });
  const state = page.getByRole("region", { name: "State of the droplet" });
  await state.locator("#waiting").getByText("1", { exact: true }).waitFor();
  await rowOf(page, id).getByText("queued").waitFor();
  expect(dropletOf("beta").callsOf(id)).toHaveLength(0);

  await page.getByRole("button", { name: "Resume…" }).click();
  await dialog.getByText("1 task in its queue start").waitFor();
  await dialog.getByRole("button", { name: "Resume it" }).click();
  await rowOf(page, id).getByText("success").waitFor();

  await page.getByRole("link", { name: "Audit", exact: true }).first().click();
  const done = page.getByRole("row").filter({ hasText: "operator" });
  await done.filter({ hasText: "pause" }).filter({ hasText: "beta" }).first().waitFor();
  expect(visit.complaints).toEqual([]);
});

test("a bulk replay says first how many tasks will run again, then follows them to their ends", async () => {
  const { api } = orchestrator;
  let isBroken = true;
  const path = dropletOf("gamma").route(() => (isBroken ? 404 : 200));
  await Promise.all(
    Array.from(
      { length: 7 },
      async () => await submitAndWait(api, { droplet_name: "gamma", path }),
    ),
  );
  isBroken = false;
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(`${PAGE}#/failed?droplet_name=gamma`);
  await page.getByText("7 tasks", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Replay all that match…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("7 tasks of droplet gamma that ended as error will run again").waitFor();
  await dialog.getByText("5 in the first second").waitFor();
  expect((await listTasks(api, { droplet_name: "gamma" })).total).toBe(7);
  await dialog.getByRole("button", { name: "Replay 7 tasks" }).click();
  await page.getByText("7 of 7 replayed tasks ended: 7 succeeded, 0 failed").waitFor();
  expect((await listTasks(api, { droplet_name: "gamma", status: "success" })).total).toBe(7);

  await page.getByRole("row").getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Replay selected (1)…" }).click();
  await dialog.getByRole("button", { name: "Replay 1 task" }).click();
  await page.getByText("1 of 1 replayed task ended: 1 succeeded").waitFor();
  expect(visit.complaints).toEqual([]);
});

test("everything can be done by keyboard alone: a task is found, cancelled, and its focus never lost", async () => {
  const { api } = orchestrator;
  const { task_id: id } = await submitAsync(api, {
    droplet_name: "delta",
    path: "/",
    delay_ms: 600_000,
  });
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(PAGE);
  await page.getByRole("heading", { name: "Mesh", exact: true }).waitFor();
  const focused = async (): Promise<string> =>
    await page.evaluate<string>(
      "(document.activeElement?.getAttribute('name') ?? document.activeElement?.textContent ?? '').trim()",
    );
  const tabTo = async (text: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses++) {
      if ((await focused()) === text) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not reach '${text}'; it is at '${await focused()}'`);
  };

  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Skip to content");
  await tabTo("Tasks");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Tasks", exact: true }).waitFor();
  await waitFor(
    "the focus to be in the new view",
    async () => (await page.evaluate<string>("document.activeElement?.id ?? ''")) === "content",
  );
  await tabTo("id");
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await page.getByText("It waits for its turn").waitFor();
  await tabTo("Cancel…");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Cancel…");
  await page.keyboard.press("Enter");
  await tabTo("Cancel the task");
  await page.keyboard.press("Enter");
  await page.locator(".summary.cancelled").waitFor();
  expect(visit.complaints).toEqual([]);
});

test("what is refused says why, and a dead connection is shown until it is back", async () => {
  const { api } = orchestrator;
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(`${PAGE}#/droplets/nobody`);
  await page.getByRole("alert").getByText("DROPLET_NOT_FOUND").waitFor();
  await page.goto(`${PAGE}#/tasks/00000000-0000-4000-8000-000000000000`);
  await page.getByRole("alert").getByText("TASK_NOT_FOUND").waitFor();

  const { task_id: id } = await submitAsync(api, {
    droplet_name: "delta",
    path: "/",
    delay_ms: 600_000,
  });
  await page.goto(`${PAGE}#/tasks/${id}`);
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.route("**/tasks/*", async (route) => {
    if (route.request().method() === "DELETE") await page.request.delete(route.request().url());
    await route.continue();
  });
  await page.getByRole("button", { name: "Cancel the task" }).click();
  await page.getByRole("alert").getByText("TASK_FINISHED").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Leave it" }).click();

  await page.goto(`${PAGE}#/`);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByText("Reconnecting…").waitFor();
  await page.context().setOffline(false);
  await page.getByText("Live", { exact: true }).waitFor();
});

test("the queue board names droplets, leads to a task's record and back, and offers no actions", async () => {
  const { api } = orchestrator;
  const done = await submitAndWait(api, { droplet_name: "delta", path: "/" });
  await submit(api, { droplet_name: "delta", path: "/" });
  await using visit = await browser.visit(api);
  const { page } = visit;
  await page.goto(PAGE);
  await page.getByRole("link", { name: "Queues", exact: true }).click();
  await page.getByRole("link", { name: /delta/ }).first().waitFor();
  expect(await page.getByText("{d-delta}").count()).toBe(0);
  await page.goto(`${PAGE}/queues/queue/delta/${done.task_id}`);
  const link = page.locator(`a[href$="#/tasks/${done.task_id}"]`).first();
  await link.waitFor();
  expect(await link.getAttribute("href")).toBe(`${PAGE}#/tasks/${done.task_id}`);
  expect(visit.elsewhere).toEqual([]);
});
