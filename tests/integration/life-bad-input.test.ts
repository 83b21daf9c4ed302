import { expect, test } from "vitest";
import { fieldsRefused, submit, submitAndWait, type TaskBody } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const shared = shareOrchestrator({ droplets: ["strict"] });

const task = { droplet_name: "strict", path: "/" };

/** An array in an array in an array …, as text: writing it as a value would already exhaust a stack. */
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const nestedObject = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

async function submitText(body: string): ReturnType<typeof send> {
  const headers = { "content-type": "application/json" };
  return await send(shared.api, "/orchestrator/tasks", { method: "POST", body, headers });
}

const CONTROL_CHARACTERS = ["\0", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085", "\u2028"];

test.concurrent.for(CONTROL_CHARACTERS.map((character) => [character.charCodeAt(0), character]))(
  "a path with the character %i is refused by name, in the path and in the query",
  async ([, character], { expect: the }) => {
    for (const path of [
      `/a${character}b`,
      `/a?b=${character}`,
      `${character}/a`,
      `/a${character}`,
    ]) {
      the(fieldsRefused(await submit(shared.api, { ...task, path }))).toEqual(["path"]);
      const callback = { droplet_name: "strict", path };
      the(fieldsRefused(await submit(shared.api, { ...task, callback }))).toEqual([
        "callback.path",
      ]);
    }
  },
);

test.concurrent.for([
  ["path", { path: "//elsewhere/x" }],
  ["path", { path: "/a#b" }],
  ["path", { path: "/a\\..\\b" }],
  ["path", { path: "/\ud800" }],
  ["path", { path: null }],
  ["path", { path: 1 }],
  ["droplet_name", { droplet_name: null }],
  ["droplet_name", { droplet_name: ["strict"] }],
  ["headers", { headers: null }],
  [
    "headers",
    { headers: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`x-${n}`, "1"])) },
  ],
  ["headers.x-a", { headers: { "x-a": "x".repeat(8193) } }],
  ["headers.x-a", { headers: { "x-a": "snow \u2603" } }],
  ["headers.x-a", { headers: { "x-a": "a\0b" } }],
  ["headers.x-a", { headers: { "x-a": null } }],
  ["headers.", { headers: { "": "1" } }],
  ["headers.x:a", { headers: { "x:a": "1" } }],
  ["headers.x\nb", { headers: { "x\nb": "1" } }],
  ["headers.Connection", { headers: { Connection: "close" } }],
  ["headers.upgrade", { headers: { upgrade: "h2c" } }],
  ["headers.TE", { headers: { TE: "trailers" } }],
  ["headers.Trailer", { headers: { Trailer: "x-a" } }],
  ["headers.expect", { headers: { expect: "100-continue" } }],
  ["headers.traceparent", { headers: { traceparent: "00-1" } }],
  ["headers.X-Attempt", { headers: { "X-Attempt": "9" } }],
  ["headers.x-request-deadline", { headers: { "x-request-deadline": "9" } }],
  ["headers.User-Agent", { headers: { "User-Agent": "me" } }],
  ["meta", { meta: null }],
  ["meta", { meta: "label" }],
  // Bytes count, not characters: 1,400 of three bytes each are too many.
  ["meta", { meta: { note: "\u2603".repeat(1400) } }],
  ["priority", { priority: 1 }],
  ["priority", { priority: null }],
  ["delay_ms", { delay_ms: null }],
  ["deadline_ms", { deadline_ms: "soon" }],
  ["deadline_ms", { deadline_ms: 1e300 }],
  ["deadline_ms", { deadline_ms: 1.5 }],
  ["timeout_ms", { timeout_ms: null }],
  ["timeout_ms", { timeout_ms: "30000" }],
  ["attempt_timeout_ms", { attempt_timeout_ms: {} }],
  ["max_retries", { max_retries: true }],
  ["delivery", { delivery: 1 }],
  ["callback", { callback: null }],
  ["callback.droplet_name", { callback: { path: "/" } }],
  ["callback.path", { callback: { droplet_name: "strict", path: "" } }],
] as [string, TaskBody][])("%s is refused by name: %j", async ([field, more], { expect: the }) => {
  const fields = fieldsRefused(await submit(shared.api, { ...task, ...more }));
  the([...new Set(fields)]).toEqual([field]);
});

test.concurrent.for([
  `{"droplet_name":"strict","path":"/","payload":${nested(300)}}`,
  `{"droplet_name":"strict","path":"/","payload":${nestedObject(150_000)}}`,
  `{"droplet_name":"strict","path":"/","meta":{"a":${nested(400_000)}}}`,
  `{"droplet_name":${nested(400_000)},"path":"/"}`,
  nested(500_000),
])(
  "a body that is nested too deep is refused as a whole, before it is read (%#)",
  async (body, { expect: the }) => {
    for (const path of ["/orchestrator/tasks", "/orchestrator/tasks/batch"]) {
      const headers = { "content-type": "application/json" };
      const answer = await send(shared.api, path, { method: "POST", body, headers });
      the(fieldsRefused(answer)).toEqual([""]);
      the(answer.text).toContain("nests deeper");
    }
  },
);

test.concurrent("an ordinary depth passes whole", async () => {
  const answer = await submitText(
    `{"droplet_name":"strict","path":"/","method":"POST","payload":${nested(200)}}`,
  );
  expect(answer.status).toBe(200);
  const { response_body } = answer.body as { response_body: { body: unknown } };
  expect(JSON.stringify(response_body.body)).toBe(nested(200));
});

test.concurrent("names that JavaScript knows otherwise are plain names in payload and meta", async () => {
  const answer = await submitText(
    '{"droplet_name":"strict","path":"/","payload":{"__proto__":{"a":1},"constructor":2},"meta":{"toString":"x"}}',
  );
  expect(answer.status).toBe(200);
  const { response_body } = answer.body as { response_body: { body: unknown } };
  expect(JSON.stringify(response_body.body)).toBe('{"__proto__":{"a":1},"constructor":2}');
});

test.concurrent("every value at its limit is taken", async () => {
  const result = await submitAndWait(shared.api, {
    droplet_name: "strict",
    path: `/${"x".repeat(2047)}`,
    headers: { ["x".repeat(256)]: "1", "x-long": "v".repeat(8192) },
    meta: { note: "x".repeat(4096 - '{"note":""}'.length) },
    max_retries: 20,
    timeout_ms: 3_600_000,
    attempt_timeout_ms: 3_600_000,
    deadline_ms: Number.MAX_SAFE_INTEGER,
  });
  expect(result.status).toBe("success");
});
