/**
 * Proves `npm start` as a new user meets it, on Node 20 and nothing else: starts it, runs each printed example,
 * presses Ctrl-C, looks for what was left behind, and starts it once more. Closes with `N passed, N failed`.
 */
import { spawn } from "node:child_process";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const FIRST_START_MS = 8 * 60_000;
const SECOND_START_MS = 30_000;
const STOP_MS = 30_000;
const base = "http://127.0.0.1:8001/orchestrator";
const ports = [8001, 8002, 8000, 8010, 8011, 8012, 8013];
const counts = { passed: 0, failed: 0 };

function say(line) {
  process.stdout.write(`${line}\n`);
}

function prove(promise, holds, seen) {
  counts[holds ? "passed" : "failed"]++;
  say(`${holds ? "ok    " : "FAILED"} ${promise}${holds ? "" : `: ${JSON.stringify(seen)}`}`);
}

const first = await start(FIRST_START_MS);
prove(
  "npm start brings everything up on an empty machine",
  first.isUp,
  first.output().slice(-2000),
);
if (first.isUp) {
  const examples = first.output().match(/^ *curl .*$/gm) ?? [];
  prove("three curl lines are printed", examples.length === 3, examples);
  await proveEchoes();
  await proveFlakyIsRetried();
  await proveFailingEnds();
  await proveSlowIsPolled();
  await proveRefusals();
}
await proveStop(first);
const again = performance.now();
const second = await start(SECOND_START_MS);
prove("a second npm start is up within seconds", second.isUp, second.output().slice(-2000));
say(`       second start took ${((performance.now() - again) / 1000).toFixed(1)} s`);
if (second.isUp) {
  const { body } = await call("GET", "/tasks?status=success");
  prove("tasks survive the restart", body.total >= 3, body.total);
}
await proveStop(second);
say(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

async function start(withinMs) {
  const child = spawn("npm", ["start"], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  const exited = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
      process.stdout.write(String(chunk).replace(/^/gm, "       | "));
    });
  }
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline && child.exitCode === null && !output.includes("Ctrl-C stops")) {
    await sleep(200);
  }
  return { child, exited, output: () => output, isUp: output.includes("Ctrl-C stops") };
}

async function proveStop({ child, exited }) {
  // As a terminal does it: the whole process group hears of Ctrl-C.
  if (child.exitCode === null) process.kill(-child.pid, "SIGINT");
  const code = await Promise.race([exited, sleep(STOP_MS, "still running", { ref: false })]);
  prove("Ctrl-C stops all of it with exit code 0", code === 0, code);
  const open = await Promise.all(ports.map(isOpen));
  const left = ports.filter((_, index) => open[index]);
  prove("no port is left open", left.length === 0, left);
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function call(method, path, body) {
  const response = await fetch(path.startsWith("http") ? path : base + path, {
    method,
    ...(body !== undefined && {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function proveEchoes() {
  const payload = { greeting: "hi" };
  const task = { droplet_name: "echo", method: "POST", path: "/hello", payload };
  const { status, body } = await call("POST", "/tasks", task);
  const seven =
    "task_id status target_url response_status response_body retry_count duration_ms".split(" ");
  const isWhole = status === 200 && seven.every((field) => field in body);
  prove("a task answers with all seven fields", isWhole && body.status === "success", body);
  prove("the droplet got the payload", body.response_body?.body?.greeting === "hi", body);
}

async function proveFlakyIsRetried() {
  const { body } = await call("POST", "/tasks", { droplet_name: "flaky", path: "/work" });
  const isRight = body.status === "success" && body.retry_count === 2;
  prove("a flaky droplet is retried twice", isRight, body);
  prove("which takes about 3 s", body.duration_ms >= 3000 && body.duration_ms < 9000, body);
}

async function proveFailingEnds() {
  const { body } = await call("POST", "/tasks", { droplet_name: "failing", path: "/work" });
  const isRight = body.status === "error" && body.retry_count === 3 && body.response_status === 500;
  prove(
    "a failing droplet ends as error with its last answer",
    isRight && body.response_body,
    body,
  );
}

async function proveSlowIsPolled() {
  const { status, headers, body } = await call("POST", "/tasks?wait=1", {
    droplet_name: "slow",
    path: "/work",
  });
  const location = headers.get("location");
  prove("a slow one is answered 202 with a Location", status === 202 && Boolean(location), body);
  const polled = await call("GET", `${new URL(base).origin}${location}?wait=10`);
  prove("polling it tells the end", polled.body.status === "success", polled.body);
}

async function proveRefusals() {
  const unknown = await call("POST", "/tasks", { droplet_name: "nobody", path: "/" });
  const names = unknown.body.error?.details?.available_droplets ?? [];
  prove(
    "an unknown droplet is 400 with the known names",
    unknown.status === 400 && names.includes("echo"),
    unknown,
  );
  const broken = await call("POST", "/tasks", '{"droplet_name":');
  prove(
    "broken JSON is 400 with a trace id",
    broken.status === 400 && broken.body.trace_id,
    broken,
  );
  const health = await call("GET", "/health");
  prove("health is active", health.body.status === "active", health.body);
}
