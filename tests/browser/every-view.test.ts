import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { source as axeSource } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { openBrowser, OPERATOR_ENV, type TestBrowser } from "./open-browser.ts";
import { startShowcase, type Showcase } from "./showcase.ts";

const PAGE = "/orchestrator/admin";

/** Where pictures of every view go; none are taken unless it is set. */
const PICTURES = process.env["BROWSER_PICTURES"];

const opened = new AsyncDisposableStack();
let browser: TestBrowser;
let showcase: Showcase;
let empty: Orchestrator;

beforeAll(async () => {
  [browser, showcase, empty] = await Promise.all([
    openBrowser(),
    startShowcase(),
    startOrchestrator({ workers: 0, apiEnv: OPERATOR_ENV }),
  ]);
  opened.use(showcase);
  opened.use(empty);
  opened.use(browser);
});
afterAll(async () => await opened.disposeAsync());

interface View {
  hash: () => string;
  /** What is there when it has been drawn. */
  shows: string;
  /** Opens what a button opens. */
  press?: string;
}

const VIEWS: Record<string, View> = {
  mesh: { hash: () => "/", shows: "checkout" },
  tasks: { hash: () => "/tasks", shows: "billing" },
  "tasks-none": { hash: () => "/tasks?requested_by=nobody", shows: "No task matches." },
  "task-failed": { hash: () => `/tasks/${showcase.failed}`, shows: "x-tenant" },
  "task-replay": { hash: () => `/tasks/${showcase.replayed}`, shows: "x-tenant", press: "Replay…" },
  failed: { hash: () => "/failed", shows: "DROPLET_ERROR" },
  "failed-replay": {
    hash: () => "/failed",
    shows: "DROPLET_ERROR",
    press: "Replay all that match…",
  },
  droplet: { hash: () => "/droplets/checkout", shows: "20 at a time" },
  "droplet-paused": { hash: () => "/droplets/mail", shows: "Resume…", press: "Limits…" },
  audit: { hash: () => "/audit", shows: "circuit" },
  nothing: { hash: () => "/nothing", shows: "Nothing here" },
};

const SHAPES = [
  { theme: "light", width: 1280, height: 900 },
  { theme: "dark", width: 1280, height: 900 },
  { theme: "light", width: 375, height: 760 },
  { theme: "dark", width: 375, height: 760 },
] as const;

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds serious or critical. It is injected by the debugger: the page's policy lets no script in. */
async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const found = await page.evaluate<Violation[]>("axe.run().then(({ violations }) => violations)");
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`,
    );
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({
    path: join(PICTURES, `${name}.png`),
    fullPage: name.endsWith("1280") && !name.includes("replay"),
  });
}

describe.for(SHAPES)("$theme at $width px", (shape) => {
  const { theme, width } = shape;
  // Colours do not change with the width, roles might.
  const isChecked = width > 1000 || theme === "light";

  test("every view is accessible, fits its window, and asks nobody else", async () => {
    await using visit = await browser.visit(showcase.orchestrator.api, shape);
    const { page, complaints, elsewhere } = visit;
    for (const [name, { hash, shows, press }] of Object.entries(VIEWS)) {
      await page.goto(`${PAGE}#${hash()}`);
      await page.locator("main").getByText(shows).first().waitFor();
      if (press !== undefined) {
        await page.getByRole("button", { name: press }).click();
        await page.getByRole("dialog").waitFor();
        if (name === "failed-replay") await page.getByText("will run again").waitFor();
      }
      await takePicture(page, `${name}-${theme}-${width}`);
      if (isChecked) expect(await seriousViolations(page), name).toEqual([]);
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect([name, overflow]).toEqual([name, 0]);
    }
    expect(complaints).toEqual([]);
    expect(elsewhere).toEqual([]);
  });

  test("an orchestrator without droplets, tasks and workers is shown as such", async () => {
    await using visit = await browser.visit(empty.api, shape);
    const { page } = visit;
    for (const [hash, shows] of [
      ["/", "No worker is alive"],
      ["/tasks", "There are no tasks yet"],
      ["/failed", "Nothing ended as error here"],
      ["/audit", "No operator has done anything yet"],
    ]) {
      await page.goto(`${PAGE}#${hash}`);
      await page
        .getByText(shows ?? "")
        .first()
        .waitFor();
      await takePicture(page, `empty-${hash?.slice(1) || "mesh"}-${theme}-${width}`);
      if (isChecked) expect(await seriousViolations(page), hash).toEqual([]);
    }
  });
});

test("the theme can be chosen, and is remembered", async () => {
  await using visit = await browser.visit(showcase.orchestrator.api, { theme: "light" });
  const { page } = visit;
  await page.goto(PAGE);
  const ground = async (): Promise<string> =>
    await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const light = await ground();
  const toggle = page.getByRole("button", { name: /^Theme/ });
  await toggle.click();
  expect(await ground()).toBe(light);
  await toggle.click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await toggle.waitFor();
  expect(await ground()).toBe(dark);
});
