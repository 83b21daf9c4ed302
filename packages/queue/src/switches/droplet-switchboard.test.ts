import { DEFAULT_SWITCHES, NO_LIMITS, type DropletSwitches } from "@orchestrator/core";
import { expect, test } from "vitest";
import { DropletSwitchboard, type SwitchboardOptions } from "./droplet-switchboard.ts";

/** A switchboard over a store that answers a reading only when told to; setting a queue is another test's. */
function overSlowStore() {
  const stored = new Map<string, DropletSwitches>();
  const readings: (() => void)[] = [];
  const store = {
    readAll: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const found = new Map(stored);
      readings.push(resolve);
      await promise;
      return found;
    },
    change: async (name: string, next: (before: DropletSwitches) => DropletSwitches) => {
      const before = stored.get(name) ?? DEFAULT_SWITCHES;
      // No queue has to be set for what this test changes.
      const after = { ...next(before), isEnforced: true };
      stored.set(name, after);
      return { before, after };
    },
    announce: async () => {},
  };
  const parts = {
    store,
    settings: { read: async () => ({ historyKeep: 1, defaultLimits: NO_LIMITS }) },
    subscriptions: { onReconnect: () => {}, listen: async () => {} },
    keys: { switchesChannel: "switches" },
  };
  return { switchboard: new DropletSwitchboard(parts as unknown as SwitchboardOptions), readings };
}

test("what was read before a change never stands in its place", async () => {
  const { switchboard, readings } = overSlowStore();
  const reloading = switchboard.reload();
  await switchboard.change("gate", (before) => ({ ...before, isPausedByOperator: true }));
  readings[0]?.();
  await expect.poll(() => readings.length).toBe(2);
  expect(switchboard.of("Gate").isPausedByOperator).toBe(true);
  readings[1]?.();
  await reloading;
  expect(switchboard.of("Gate").isPausedByOperator).toBe(true);
});
