import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemoMesh, type DemoMesh } from "../../apps/demo/src/demo-mesh.ts";
import { differences } from "../support/differences.ts";
import { documentedExamples } from "../support/documented-examples.ts";
import { findFreePort } from "../support/free-port.ts";
import { runExamples } from "../support/run-examples.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";

const DOCUMENTS = [
  "README.md",
  "docs/getting-started.md",
  "docs/concepts.md",
  "docs/recipes.md",
  "docs/migration-from-v1.md",
];

const DEMO_DROPLETS = ["echo", "slow", "flaky", "failing"];
/** What the documents say, in the order of the demo's endpoints. */
const DOCUMENTED_PORTS = [8000, 8010, 8011, 8012, 8013];

const opened = new AsyncDisposableStack();
let demo: DemoMesh;

beforeAll(async () => {
  demo = opened.use(await startDemo());
});
afterAll(async () => await opened.disposeAsync());

/** The examples ask by curl, which an empty machine lacks. */
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

// They mostly wait, each for a system of its own.
const testWithCurl = hasCurl ? test.concurrent : test.skip;

testWithCurl.for(DOCUMENTS)(
  "the examples of %s print what it shows (needs curl)",
  { timeout: 120_000 },
  async (file, { expect: the }) => {
    const document = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    const examples = documentedExamples(file, document);
    the(examples.length).toBeGreaterThan(0);
    const [registryUrl = ""] = demo.endpoints;
    await using orchestrator = await startOrchestrator({ env: { REGISTRY_URL: registryUrl } });
    await untilKnown(orchestrator.api, DEMO_DROPLETS);

    const addresses = new Map([["http://127.0.0.1:8001", orchestrator.api.url]]);
    for (const [index, port] of DOCUMENTED_PORTS.entries()) {
      addresses.set(`http://127.0.0.1:${port}`, demo.endpoints[index] ?? "");
    }
    for (const { example, exitCode, printed } of await runExamples(examples, addresses)) {
      the.soft(exitCode, `${example.where} printed ${printed}`).toBe(0);
      if (example.output === null) continue;
      the.soft(differences(example.output, printed), `${example.where}: ${printed}`).toEqual([]);
    }
  },
);

test("an example that prints something else is noticed", () => {
  const printed = JSON.stringify({
    status: "success",
    id: "432c2e65-e678-452f-befd-60a6eb88c339",
    duration_ms: 3100,
    list: [1, 2],
  });
  const id = "b4ff2a10-7366-4def-bf6a-11e1248a6c3e";
  expect(
    differences(asJson({ status: "success", id, duration_ms: 3050, list: [1, "…"] }), printed),
  ).toEqual([]);
  expect(differences(asJson({ status: "success", "…": "…" }), printed)).toEqual([]);
  expect(
    differences(asJson({ status: "error", id, duration_ms: 9000, list: [1] }), printed),
  ).toEqual([
    '.status is "success" instead of "error"',
    ".duration_ms is 3100 instead of 9000",
    ".list has 2 entries instead of 1",
  ]);
  expect(differences(asJson({ status: "success" }), printed)).toHaveLength(3);
  const lines = { language: "text", text: `HTTP/1.1 200 OK\n…\n${id} ended in … ms\n` };
  expect(differences(lines, `HTTP/1.1 200 OK\r\nDate: x\r\n\r\n${id} ended in 12 ms\n`)).toEqual(
    [],
  );
  expect(differences(lines, `HTTP/1.1 202 Accepted\n\n${id} ended in 12 ms\n`)).toHaveLength(1);
});

/** Four ports in a row that are free; somebody else may take one before it is bound. */
async function startDemo(): Promise<DemoMesh> {
  for (let attempt = 1; ; attempt++) {
    const [registryPort, dropletsPort] = [await findFreePort(), await findFreePort()];
    const host = "127.0.0.1";
    try {
      return await startDemoMesh({ host, publicHost: host, registryPort, dropletsPort });
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

function asJson(value: unknown): { language: string; text: string } {
  return { language: "json", text: JSON.stringify(value) };
}
