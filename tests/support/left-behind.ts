import { afterAll, afterEach, beforeEach } from "vitest";
import type { Service } from "./service.ts";

const LINES_SHOWN = 40;

/** Every process this test file has started. */
const services = new Set<Service>();
let startedBefore = new Set<Service>();

export function noteStarted(service: Service): void {
  services.add(service);
}

// Whatever ends the file, a crash of the test process included, no process outlives it.
process.on("exit", () => {
  for (const service of services) service.signal("SIGKILL");
});

/** For the set-up of the integration project: a test that leaves a process behind fails, and a failed one shows logs. */
export function watchForLeftovers(): void {
  beforeEach(() => {
    startedBefore = new Set(services);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") showLogs();
    // Concurrent tests cannot be told apart here; what they leave is found after the last test of the file.
    if (task.concurrent === true) return;
    const own = [...services].filter((service) => !startedBefore.has(service));
    await refuseLeftovers(own);
    for (const service of own) services.delete(service);
  });

  afterAll(async () => {
    await refuseLeftovers([...services]);
  });
}

async function refuseLeftovers(candidates: readonly Service[]): Promise<void> {
  const left = candidates.filter((service) => service.isRunning);
  await Promise.all(left.map(async (service) => await service.kill()));
  if (left.length > 0) {
    const names = left.map(({ name }) => name).join(", ");
    throw new Error(`left running: ${names}. Start them with \`await using\`, or stop them.`);
  }
}

function showLogs(): void {
  for (const service of services) {
    const state = service.isRunning ? "running" : "ended";
    process.stderr.write(
      `\n--- last log lines of ${service.name} (${state})\n${service.logs.tail(LINES_SHOWN)}\n`,
    );
  }
}
