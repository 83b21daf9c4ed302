import { beforeAll, expect, test } from "vitest";
import { ApiDocument } from "../support/api-document.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const shared = shareOrchestrator({ droplets: [] });

let document: ApiDocument;
beforeAll(async () => {
  document = await ApiDocument.fetch(shared.api);
});

/** What every answer has, whatever it answers. */
const WANTED: [header: string, value: RegExp][] = [
  ["x-content-type-options", /^nosniff$/],
  ["x-frame-options", /^SAMEORIGIN$/],
  ["referrer-policy", /^no-referrer$/],
  ["cross-origin-opener-policy", /^same-origin$/],
  ["cross-origin-resource-policy", /^same-origin$/],
  ["content-security-policy", /default-src '(?:self|none)'.*frame-ancestors '(?:self|none)'/],
  ["x-trace-id", /^[\w-]+$/],
];

function whatIsWrong({ headers }: Answer): string[] {
  const wrong = WANTED.filter(([name, value]) => !value.test(String(headers[name]))).map(
    ([name]) => `${name}: ${String(headers[name])}`,
  );
  for (const told of ["x-powered-by", "server", "via", "x-aspnet-version"]) {
    if (headers[told] !== undefined) wrong.push(`tells ${told}`);
  }
  if (headers["access-control-allow-origin"] !== undefined) wrong.push("opens itself to pages");
  for (const cookie of headers["set-cookie"] ?? []) {
    const isGuarded = ["HttpOnly", "SameSite", "Secure"].every((flag) => cookie.includes(flag));
    if (!isGuarded) wrong.push(`cookie ${cookie}`);
  }
  return wrong;
}

test("no answer of any operation tells what we run on, opens a page's way in, or lacks a guard", async () => {
  const seen = new Map<string, string[]>();
  for (const operation of document.operations) {
    // A stream of events goes on for ever: its refusal stands for it.
    const query = operation.path === "/tasks/events" ? "?status=nonsense" : "";
    for (const prefix of ["/orchestrator", ""]) {
      const path = `${prefix}${operation.path.replaceAll(/\{\w+\}/g, "nobody")}${query}`;
      const answer = await send(shared.api, path, { method: operation.method, timeoutMs: 5000 });
      seen.set(`${operation.method} ${path} ${answer.status}`, whatIsWrong(answer));
    }
  }
  for (const [method, path] of [
    ["GET", "/nothing-here"],
    ["TRACE", "/tasks"],
    ["POST", "/health"],
    ["OPTIONS", "/tasks"],
    ["GET", "/%E0%A4%A"],
    ["GET", "/admin/queues/static/nothing.js"],
    ["GET", "/healthz/live"],
  ] as const) {
    const answer = await send(shared.api, path, { method });
    seen.set(`${method} ${path} ${answer.status}`, whatIsWrong(answer));
  }
  expect(seen.size).toBeGreaterThan(60);
  expect([...seen].filter(([, wrong]) => wrong.length > 0)).toEqual([]);
});

test("the worker's port tells no more than it has to", async () => {
  for (const path of ["/healthz/live", "/healthz/ready", "/metrics", "/nothing"]) {
    const { headers } = await send(shared.worker, path);
    expect([headers["x-powered-by"], headers["server"], headers["set-cookie"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("an answer over https tells browsers to stay with https", async () => {
  await using behind = await startOrchestrator({
    workers: 0,
    apiEnv: { PUBLIC_URL: "https://hub.example" },
  });
  const { headers } = await send(behind.api, "/health");
  expect(headers["strict-transport-security"]).toMatch(/max-age=\d{7,}/);
  expect((await send(shared.api, "/health")).headers["strict-transport-security"]).toBeUndefined();
});
