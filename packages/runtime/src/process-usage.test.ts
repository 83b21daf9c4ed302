import { expect, test } from "vitest";
import { watchProcessUsage } from "./process-usage.ts";

test("CPU, memory and uptime are measured, also before the first window has ended", () => {
  using usage = watchProcessUsage();
  const until = performance.now() + 50;
  while (performance.now() < until);
  const { cpuPercent, memoryMb, uptimeSeconds } = usage.read();
  expect(cpuPercent).toBeGreaterThan(20);
  expect(memoryMb).toBeGreaterThan(10);
  expect(uptimeSeconds).toBeGreaterThan(0);
});
