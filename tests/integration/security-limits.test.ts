import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { ErrorResponse } from "@orchestrator/contract";
import { afterEach, expect, test } from "vitest";
import { refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { API_KEYS, as } from "../support/sign-in.ts";
import { within } from "../support/wait-for.ts";

const REQUEST_WITHIN_S = 3;
/** The limit, the look for slow senders, and three times the slack on a busy machine. */
const CUT_MS_MAX = REQUEST_WITHIN_S * 1000 * 4;
const CONNECTIONS_PER_ADDRESS = 60;
const SLOW_SENDERS = 40;

const shared = shareOrchestrator({
  droplets: ["echo", "mute"],
  headers: as("reader"),
  apiEnv: {
    API_KEYS,
    REQUEST_WITHIN: String(REQUEST_WITHIN_S),
    CONNECTIONS_PER_ADDRESS: String(CONNECTIONS_PER_ADDRESS),
    WAITERS_PER_CALLER: "2",
    BODY_MAX: "20KB",
  },
});

const opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
});

interface Dripping {
  socket: Socket;
  /** All that came back until the connection was closed. */
  answer: Promise<string>;
}

/** Sends the beginning at once, and then a piece now and then, for ever. */
function drip(beginning: string, piece: string): Dripping {
  const socket = connect(shared.api.port, "127.0.0.1");
  opened.push(socket);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("utf8")));
  // Being cut is what is meant to happen.
  socket.on("error", () => {});
  socket.write(beginning);
  const dripping = setInterval(() => socket.writable && socket.write(piece), 100);
  // `once` of node:events would reject for what the cut connection says first.
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  socket.once("close", () => resolve(text));
  socket.once("close", () => clearInterval(dripping));
  return { socket, answer };
}

const KEY = `Authorization: ${as("submitter")["authorization"]}`;

test.for([
  ["headers", "POST /tasks HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"],
  ["a body", `POST /tasks HTTP/1.1\r\nHost: x\r\n${KEY}\r\nContent-Length: 9000\r\n\r\n{`, " "],
] as const)(
  "senders that drip %s are cut with 408 in time, and others are served meanwhile",
  async ([, beginning, piece], { expect: the }) => {
    const startedAt = performance.now();
    const slow = Array.from({ length: SLOW_SENDERS }, () => drip(beginning, piece));
    const task = { droplet_name: "echo", path: "/" };
    for (let n = 0; n < 5; n += 1) {
      const served = await submitAndWait(shared.api, task, { headers: as("submitter") });
      the(served.status).toBe("success");
    }
    const answers = await within(
      CUT_MS_MAX,
      "the end of every slow sender",
      Promise.all(slow.map(async ({ answer }) => await answer)),
    );
    the(performance.now() - startedAt).toBeGreaterThan(500);
    for (const answer of answers) {
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      the(head).toMatch(/^HTTP\/1\.1 408 /);
      the(ErrorResponse.parse(JSON.parse(body)).error.message).toMatch(/in time/);
    }
  },
);

test("one address holds no more than its connections; when some are closed there is room again", async () => {
  const many = Array.from({ length: CONNECTIONS_PER_ADDRESS + 20 }, () => drip("GET ", "/"));
  await shared.api.waitForLog("connection.dropped");
  const answers = await within(
    CUT_MS_MAX,
    "the end of every connection",
    Promise.all(many.map(async ({ answer }) => await answer)),
  );
  // Those that were taken are slow senders: they are told so. The others are closed without a word.
  const taken = answers.filter((answer) => answer.startsWith("HTTP/1.1 408"));
  expect(taken.length).toBeGreaterThan(CONNECTIONS_PER_ADDRESS / 2);
  expect(taken.length).toBeLessThanOrEqual(CONNECTIONS_PER_ADDRESS);
  expect(answers.filter((answer) => answer === "").length).toBe(answers.length - taken.length);
  await expect
    .poll(async () => (await send(shared.api, "/health").catch(() => null))?.status, {
      timeout: CUT_MS_MAX,
    })
    .toBe(200);
});

test("headers of more than 16 KB are 431, a URL of more than 8 KB is 414", async () => {
  const { api } = shared;
  const headers = { "x-large": "x".repeat(20_000) };
  expect(refusalOf(await send(api, "/health", { headers }), 431).message).toMatch(/16 KB/);
  const long = await send(api, `/health?x=${"y".repeat(9000)}`);
  expect(refusalOf(long, 414).details).toEqual({ limit: 8192 });
  expect((await send(api, `/health?x=${"y".repeat(8000)}`)).status).toBe(200);
});

test("a body that swells when it is unpacked is refused at BODY_MAX", async () => {
  const body = gzipSync(Buffer.alloc(20 * 1024 * 1024, " "));
  const headers = {
    ...as("submitter"),
    "content-type": "application/json",
    "content-encoding": "gzip",
  };
  const answer = await send(shared.api, "/tasks", { method: "POST", body, headers });
  expect(refusalOf(answer, 413).code).toBe("PAYLOAD_TOO_LARGE");
});

test("a caller holds no more requests than WAITERS_PER_CALLER; another caller still waits", async () => {
  const { api } = shared;
  const mute = shared.droplet("mute");
  const path = mute.route(["hang", "hang"]);
  const hanging = { droplet_name: "mute", path, timeout_ms: 30_000, max_retries: 0 };
  const leaving = new AbortController();
  const held = [1, 2].map(async () => {
    await submit(api, hanging, { headers: as("submitter"), signal: leaving.signal }).catch(
      () => null,
    );
  });
  await mute.untilRequests(2, (request) => request.path === path);
  const quick = { droplet_name: "echo", path: "/" };
  const third = await submit(api, quick, { headers: as("submitter") });
  expect(refusalOf(third, 429)).toMatchObject({
    code: "RATE_LIMITED",
    details: { waiters_per_caller: 2 },
  });
  expect(Number(third.headers["retry-after"])).toBeGreaterThan(0);
  expect((await submit(api, quick, { headers: as("submitter"), wait: false })).status).toBe(202);
  expect((await submit(api, quick, { headers: as("other") })).status).toBe(200);
  leaving.abort();
  await Promise.all(held);
  await expect
    .poll(async () => (await submit(api, quick, { headers: as("submitter") })).status)
    .toBe(200);
});
