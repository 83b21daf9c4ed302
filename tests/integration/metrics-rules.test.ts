import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { submitAndWait } from "../support/api-client.ts";
import { hasPromtool, runPromtool } from "../support/promtool.ts";
import { scrape } from "../support/read-metrics.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RULES = join(ROOT, "deploy/prometheus/rules");
const TESTS = join(ROOT, "deploy/prometheus/tests");
const DASHBOARDS = join(ROOT, "deploy/grafana/dashboards");

test.skipIf(!hasPromtool)(
  "promtool accepts the configuration and all rules (needs promtool)",
  async () => {
    const config = join(ROOT, "deploy/prometheus/prometheus.yml");
    expect(await runPromtool(["check", "config", config])).toMatchObject({ code: 0 });
    const rules = await runPromtool(["check", "rules", ...(await filesIn(RULES))]);
    expect(rules).toMatchObject({ code: 0 });
  },
);

test.skipIf(!hasPromtool)(
  "every alert fires when it should, and only then (needs promtool)",
  { timeout: 120_000 },
  async () => {
    const tests = await filesIn(TESTS);
    const { code, output } = await runPromtool(["test", "rules", ...tests]);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("SUCCESS") });
    const tested = (
      await Promise.all(tests.map(async (file) => await readFile(file, "utf8")))
    ).join();
    for (const name of namesOf(await readAll(RULES), "alert")) expect(tested).toContain(name);
  },
);

test("every alert names a page that is there", async () => {
  const rules = await readAll(RULES);
  const pages = namesOf(rules, "runbook");
  expect(pages).toHaveLength(namesOf(rules, "alert").length);
  for (const page of new Set(pages)) {
    const [file = "", anchor] = page.split("#");
    const headings = (await readFile(join(ROOT, file), "utf8")).matchAll(/^#+ (.+)$/gm);
    expect(
      Array.from(headings, ([, heading = ""]) => anchorOf(heading)),
      page,
    ).toContain(anchor);
  }
});

test.skipIf(!hasPromtool)(
  "every query of the dashboard is well formed (needs promtool)",
  async () => {
    const queries = await queriesOfDashboards();
    expect(queries.length).toBeGreaterThan(20);
    const rules = queries.map((expr, n) => ({
      record: `dashboard:query:${n}`,
      expr: filledIn(expr),
    }));
    const folder = await mkdtemp(join(tmpdir(), "dashboard-"));
    try {
      const file = join(folder, "queries.yml");
      // JSON is YAML.
      await writeFile(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      expect(await runPromtool(["check", "rules", file])).toMatchObject({ code: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test("every metric that rules, dashboard and documentation name is exposed, and every one of ours is documented", async () => {
  await using droplet = await startDroplet("echo", [429, 200]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  await submitAndWait(orchestrator.api, { droplet_name: "echo", path: "/" });
  const scraped = await Promise.all([scrape(orchestrator.api), scrape(orchestrator.worker)]);
  const exposed = new Set(
    scraped.flatMap((text) =>
      Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name = ""]) => name),
    ),
  );
  const rules = await readAll(RULES);
  const documentation = await readFile(join(ROOT, "docs/metrics.md"), "utf8");
  const recorded = new Set(namesOf(rules, "record"));
  const used = [rules, documentation, ...(await queriesOfDashboards())].join("\n");
  const names = used.match(
    /[a-z_]*:?\b(?:orchestrator|nodejs|process)_[a-z0-9_]+(?::[a-z0-9_]+)*/g,
  );
  expect(names?.length).toBeGreaterThan(50);
  for (const name of new Set(names)) {
    const base = name.replace(/_(bucket|count|sum)$/, "");
    expect(recorded.has(name) || exposed.has(name) || exposed.has(base), name).toBe(true);
  }
  const ours = [...exposed].filter((name) => name.startsWith("orchestrator_"));
  expect(ours.filter((name) => !documentation.includes(`\`${name}`))).toEqual([]);
});

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).map((name) => join(folder, name));
}

async function readAll(folder: string): Promise<string> {
  const files = await filesIn(folder);
  const texts = await Promise.all(files.map(async (file) => await readFile(file, "utf8")));
  return texts.join("\n").replaceAll(/^ *#.*$/gm, "");
}

function namesOf(rules: string, kind: "alert" | "record" | "runbook"): string[] {
  return Array.from(rules.matchAll(new RegExp(`\\b${kind}: (\\S+)`, "g")), ([, name = ""]) => name);
}

/** As GitHub makes it from a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

async function queriesOfDashboards(): Promise<string[]> {
  const dashboards = await filesIn(DASHBOARDS);
  const texts = await Promise.all(dashboards.map(async (file) => await readFile(file, "utf8")));
  return texts.flatMap((text) => {
    const { panels } = JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] };
    return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  });
}

/** Grafana's variables, as it would fill them in. */
function filledIn(query: string): string {
  return query.replaceAll("$__rate_interval", "5m").replaceAll("$droplet", ".*");
}
