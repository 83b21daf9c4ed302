import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { submitAndWait, submitAsync } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import type { Service } from "../support/service.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const MEASURED = 200;
const HUNG_PER_S = 50;

/** One caller at a time to two droplets that answer at once: how long each waited, in ms, in order. */
async function measure(api: Service): Promise<{ p50: number; p99: number }> {
  const tookMs: number[] = [];
  for (let n = 0; n < MEASURED; n++) {
    const startedAt = performance.now();
    const droplet_name = n % 2 === 0 ? "quick" : "nimble";
    const { status } = await submitAndWait(api, { droplet_name, path: "/" });
    expect(status).toBe("success");
    tookMs.push(performance.now() - startedAt);
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * MEASURED)] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}

test("a droplet that hangs and is sent 50 tasks a second does not hold up the others", async () => {
  await using hung = await startDroplet("hung", ["hang"]);
  await using quick = await startDroplet("quick");
  await using nimble = await startDroplet("nimble");
  await using orchestrator = await startOrchestrator({ droplets: [hung, quick, nimble] });
  const { api } = orchestrator;
  await measure(api);
  const before = await measure(api);

  const stopping = new AbortController();
  let sent = 0;
  const flooding = (async () => {
    while (!stopping.signal.aborted) {
      await submitAsync(api, { droplet_name: "hung", path: "/" });
      sent++;
      await sleep(1000 / HUNG_PER_S);
    }
  })();
  await hung.untilHanging(50);
  const startedAt = performance.now();
  const sentBefore = sent;
  const during = await measure(api);
  const perS = Math.round((sent - sentBefore) / ((performance.now() - startedAt) / 1000));
  stopping.abort();
  await flooding;
  process.stdout.write(
    `others' time to result: p50 ${before.p50} ms, p99 ${before.p99} ms before; ` +
      `p50 ${during.p50} ms, p99 ${during.p99} ms with one droplet hung at ${perS} tasks/s\n`,
  );
  // Far from the hung droplet's seconds; how near to undisturbed is for the printed line to tell.
  expect(during.p99).toBeLessThan(2000);
  expect(hung.hanging).toBe(50);
  await hung.release();
});
