import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";

/** A process of the shape every main.ts has; `closing` is what its resource does when it is closed. */
function startProcess(closing: string, afterStart = "", graceMs = 20_000) {
  const script = `
    import { createLogger } from "./logger.ts";
    import { untilStopped } from "./shutdown.ts";
    const log = createLogger({ service: "t", version: "0", level: "info" });
    const holder = setInterval(() => {}, 1_000);
    await using resource = {
      async [Symbol.asyncDispose]() { ${closing}; log.info({ event: "resource.closed" }); },
    };
    log.info({ event: "process.started" });
    ${afterStart};
    const reason = await untilStopped({ log, graceMs: ${graceMs} });
    log.info({ event: "stop.received", reason });
  `;
  const child = spawn(
    process.execPath,
    ["--input-type=module-typescript", "--disable-warning=ExperimentalWarning", "--eval", script],
    { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  function lines(): { event: string }[] {
    return output.split("\n").flatMap((line) => (line ? [JSON.parse(line)] : []));
  }
  return {
    child,
    saw: (event: string) =>
      vi.waitFor(() => expect(output).toContain(`"${event}"`), { timeout: 4_000, interval: 5 }),
    async ended() {
      const [code, signal] = await once(child, "close");
      return { code, signal, lines: lines(), events: lines().map(({ event }) => event) };
    },
  };
}

const close = "clearInterval(holder)";

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s closes resources in the end of scope and exits with 0",
  async (signal) => {
    const started = startProcess(close, "setImmediate(() => log.info({ event: 'ready' }))");
    await started.saw("ready");
    started.child.kill(signal);
    const { code, events } = await started.ended();
    expect(code).toBe(0);
    expect(events.slice(-3)).toEqual(["process.stopRequested", "stop.received", "resource.closed"]);
  },
);

test.each([
  ["an uncaught exception", "setImmediate(() => { throw new Error('bug') })"],
  ["an unhandled rejection", "setImmediate(() => { Promise.reject(new Error('bug')) })"],
])("%s is logged, closes resources and exits with 1", async (_what, fail) => {
  const { code, events } = await startProcess(close, fail).ended();
  expect(code).toBe(1);
  expect(events.slice(-3)).toEqual(["process.crashed", "stop.received", "resource.closed"]);
});

test("an error while closing turns the exit code to 1 and does not stop the closing", async () => {
  const closing = `setImmediate(() => { throw new Error("late") }); await new Promise((r) => setTimeout(r, 50)); ${close}`;
  const started = startProcess(closing, "setImmediate(() => process.kill(process.pid, 'SIGTERM'))");
  const { code, events } = await started.ended();
  expect(code).toBe(1);
  expect(events.slice(-2)).toEqual(["process.crashed", "resource.closed"]);
});

test("a closing that outlasts the grace is ended with 1", async () => {
  const started = startProcess(
    "await new Promise(() => {})",
    "setImmediate(() => process.kill(process.pid, 'SIGTERM'))",
    100,
  );
  const { code, events } = await started.ended();
  expect(code).toBe(1);
  expect(events.at(-1)).toBe("process.graceExceeded");
});

test("the last line names what hung, also where closing went on to the next", async () => {
  const hanging = `const { closeWithin } = await import("./close-within.ts");
    await closeWithin(30, "given up", async () => await new Promise(() => {}), log);
    await closeWithin(20_000, "the queue", async () => await new Promise(() => {}), log)`;
  const stop = "setImmediate(() => process.kill(process.pid, 'SIGTERM'))";
  const started = startProcess(hanging, stop, 300);
  const { code, lines } = await started.ended();
  expect(code).toBe(1);
  expect(lines.at(-1)).toMatchObject({ event: "process.graceExceeded", hanging: ["the queue"] });
});

test("a thread of Node's pool that hangs does not keep the process from ending", async () => {
  const fifo = join(mkdtempSync(join(tmpdir(), "fifo-")), "fifo");
  execFileSync("mkfifo", [fifo]);
  const read = `(await import("node:fs")).readFile(${JSON.stringify(fifo)}, () => {})`;
  const stop = "setImmediate(() => process.kill(process.pid, 'SIGTERM'))";
  const { signal, lines } = await startProcess(close, `${read}; ${stop}`, 300).ended();
  rmSync(dirname(fifo), { recursive: true });
  expect(signal).toBe("SIGKILL");
  expect(lines.at(-1)).toMatchObject({ event: "process.graceExceeded" });
});

test("the echo of the first signal is ignored, a later second one exits at once with 1", async () => {
  const started = startProcess(
    "await new Promise(() => {})",
    "setImmediate(() => log.info({ event: 'ready' }))",
  );
  await started.saw("ready");
  started.child.kill("SIGINT");
  await started.saw("stop.received");
  const repeating = setInterval(() => started.child.kill("SIGINT"), 20);
  const startedAt = performance.now();
  const { code, events } = await started.ended();
  clearInterval(repeating);
  expect(performance.now() - startedAt).toBeGreaterThan(300);
  expect(code).toBe(1);
  expect(events.at(-1)).toBe("process.stopForced");
});

test.each([
  "process.exit(3)",
  "closeSync(2); throw new Error('uncaught')",
  "log.fatal({ event: 'last' }); process.kill(process.pid, 'SIGKILL')",
])("lines of the turn that ends with %s are in the log", async (end) => {
  const afterStart = `
    const { closeSync } = await import("node:fs");
    for (const n of [1, 2]) log.info({ event: "line", n });
    ${end}`;
  const { events } = await startProcess(close, afterStart).ended();
  expect(events.filter((event) => event === "line")).toHaveLength(2);
});
