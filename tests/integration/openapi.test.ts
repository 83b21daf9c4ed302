import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf, submitAndWait, submitAsync } from "../support/api-client.ts";
import { ApiDocument, type CallChanges, type Operation } from "../support/api-document.ts";
import { readEvents } from "../support/event-reader.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";

const opened = new AsyncDisposableStack();
let orchestrator: Orchestrator;
let droplet: ScriptedDroplet;
let reference: ApiDocument;

beforeAll(async () => {
  droplet = opened.use(await startDroplet("echo"));
  droplet.on("/orders", () => ({ json: { ordered: true } }));
  droplet.on("/message", () => ({ json: { received: true } }));
  droplet.on("/slow", ["hang"]);
  orchestrator = opened.use(
    await startOrchestrator({
      droplets: [droplet],
      apiEnv: { LOG_LEVEL: "debug" },
    }),
  );
  reference = await ApiDocument.fetch(orchestrator.api);
});
afterAll(async () => await opened.disposeAsync());

const DONE = { droplet_name: "echo", path: "/orders", meta: { requested_by: "billing" } };
const idOf = (task: { task_id: string }): { id: string } => ({ id: task.task_id });

/** What a shown call needs to be there: the document cannot know its id. */
async function arrange({ operationId }: Operation, name: string): Promise<CallChanges> {
  const { api } = orchestrator;
  switch (`${operationId} ${name}`) {
    case "cancelTask waiting":
      return { path: idOf(await submitAsync(api, { ...DONE, delay_ms: 60_000 })) };
    case "cancelTask running": {
      const task = await submitAsync(api, { ...DONE, path: "/slow" });
      await droplet.untilRequests(1, ({ taskId }) => taskId === task.task_id);
      return { path: idOf(task) };
    }
    case "readTaskInsight insight":
    case "readTask read":
    case "readTask long_poll":
    case "replayTask go_on":
    case "replayTask wait":
    case "followTask whole":
    case "followTask resumed":
      return { path: idOf(await submitAndWait(api, DONE)) };
    default:
      return {};
  }
}

describe("the document and the service", () => {
  test("agree on every call that is shown", async () => {
    const shown = reference.operations.flatMap((operation) =>
      Object.keys(operation.calls).map((name) => ({ operation, name })),
    );
    // Shown by the test that takes Redis away.
    const here = shown.filter(({ name }) => name !== "not_ready");
    expect(here.length).toBeGreaterThan(40);
    for (const { operation, name } of here) {
      const where = `${operation.operationId} ${name}`;
      const changes = await arrange(operation, name);
      const answer = await callOrFollow(operation, name, changes);
      expect(answer.status, `${where}: ${answer.text}`).toBe(operation.calls[name]?.status);
      expect(reference.complaints(operation, answer), `${where}: ${answer.text}`).toEqual([]);
    }
  });

  test("agree on what is served", async () => {
    const line = await orchestrator.api.waitForLog("api.assembled");
    const served = (line["routes"] as string[])
      // The page's own files.
      .filter((route) => !/^GET \/(?:docs|admin\/page)\//.test(route))
      .map((route) => route.replaceAll(/:\w+/g, "{}"));
    // Beside the routers: the welcome, and Bull Board, which brings its own.
    served.push("GET /", "GET /admin/queues");
    const described = reference.operations.map(
      ({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`,
    );
    expect(described.toSorted()).toEqual(served.toSorted());
  });

  test("agree on methods: any other is 405 and names those there are", async () => {
    const methods = Map.groupBy(reference.operations, ({ path }) => path);
    methods.delete("/admin/queues");
    for (const [path, operations] of methods) {
      const known = operations.map(({ method }) => method);
      const [operation] = operations;
      const other = ["PATCH", "PUT", "GET"].find((method) => !known.includes(method)) ?? "PATCH";
      if (operation === undefined) continue;
      const answer = await reference.call(orchestrator.api, operation, null, { method: other });
      expect(refusalOf(answer, 405).code, path).toBe("METHOD_NOT_ALLOWED");
      expect(answer.headers.allow?.split(", ").toSorted(), path).toEqual(known.toSorted());
    }
  });

  test("are the same at the root, where the document says so", async () => {
    const { body } = await send(orchestrator.api, "/openapi.json");
    const { servers, ...rest } = body as { servers: unknown };
    expect(servers).toEqual([{ url: "/", description: "This service" }]);
    const { servers: prefixed, ...same } = reference.document;
    expect(prefixed).toEqual([{ url: "/orchestrator", description: "This service" }]);
    expect(rest).toEqual(same);
  });
});

describe("the page", () => {
  test("loads nothing but its own files, and only it has its policy", async () => {
    for (const path of ["/orchestrator/docs", "/orchestrator/docs/", "/docs"]) {
      const page = await send(orchestrator.api, path);
      expect(page.status, path).toBe(200);
      expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
      expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
      const links = Array.from(page.text.matchAll(/(?:src|href|data-document)="([^"]+)"/g));
      const found = links.map(([, link = ""]) => link).filter((link) => !link.startsWith("data:"));
      expect(found.length).toBeGreaterThanOrEqual(4);
      for (const link of found) {
        expect(link).not.toMatch(/^\w+:|^\//);
        const { pathname } = new URL(link, `http://x${path}`);
        const file = await send(orchestrator.api, pathname);
        expect(file.status, pathname).toBe(200);
        expect(file.headers["content-security-policy"]).toBe(
          "default-src 'none';frame-ancestors 'none'",
        );
      }
    }
  });
});

/** A stream that has no end is looked at and left. */
async function callOrFollow(operation: Operation, name: string, changes: CallChanges) {
  if (operation.operationId !== "followTasks") {
    return await reference.call(orchestrator.api, operation, name, changes);
  }
  await using reader = await readEvents(orchestrator.api, `/orchestrator${operation.path}`);
  const { status, headers } = reader;
  return { status, headers, body: "", text: "" };
}
