import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CLOSED_CIRCUIT,
  decideCircuit,
  nextCircuit,
  type CircuitEvent,
  type CircuitState,
} from "./circuit-breaker.ts";

const NOW = 1_000_000_000;
const FAILURE: CircuitEvent = { type: "attempt_ended", failed: true };
const SUCCESS: CircuitEvent = { type: "attempt_ended", failed: false };

function after(events: readonly CircuitEvent[], from = CLOSED_CIRCUIT, nowMs = NOW): CircuitState {
  return events.reduce((state, event) => nextCircuit(state, event, nowMs), from);
}
const times = (count: number, event: CircuitEvent) => Array.from({ length: count }, () => event);
const probe = (probeId: string): CircuitEvent => ({
  type: "probe_started",
  probeId,
  leaseMs: 5000,
});
const ended = (probeId: string, outcome: "succeeded" | "failed" | "unknown"): CircuitEvent => ({
  type: "probe_ended",
  probeId,
  outcome,
});

const OPENED = after(times(20, FAILURE));
const PROBING = nextCircuit(OPENED, probe("p"), NOW + 10_000);

describe("a closed circuit", () => {
  it("opens for 10 s when half of 20 attempts failed", () => {
    const nearly = after([...times(10, SUCCESS), ...times(9, FAILURE)]);
    expect(decideCircuit(nearly, NOW)).toEqual({ kind: "call" });
    const opened = nextCircuit(nearly, FAILURE, NOW);
    expect(opened).toEqual({ phase: "open", untilMs: NOW + 10_000, openForMs: 10_000 });
    expect(decideCircuit(opened, NOW + 1)).toEqual({ kind: "refuse", retryInMs: 9999 });
  });

  it("stays closed with 19 failures, or while fewer than half failed", () => {
    expect(after(times(19, FAILURE)).phase).toBe("closed");
    expect(after([...times(11, SUCCESS), ...times(10, FAILURE)]).phase).toBe("closed");
  });

  it("opens on a success that makes the number of attempts large enough", () => {
    expect(after([...times(19, FAILURE), SUCCESS]).phase).toBe("open");
  });

  it("forgets what is 30 s old", () => {
    const failing = after(times(19, FAILURE));
    expect(nextCircuit(failing, FAILURE, NOW + 29_000).phase).toBe("open");
    expect(nextCircuit(failing, FAILURE, NOW + 30_000)).toEqual({
      phase: "closed",
      counts: [{ second: NOW / 1000 + 30, attempts: 1, failures: 1 }],
    });
  });

  it("takes the counts of workers whose clocks differ, but not by more than the window", () => {
    const ahead = after(times(10, FAILURE));
    expect(after(times(10, FAILURE), ahead, NOW - 5000).phase).toBe("open");
    expect(nextCircuit(ahead, FAILURE, NOW - 60_000)).toEqual(ahead);
  });
});

describe("an open circuit", () => {
  it("ignores attempts that began before it opened", () => {
    expect(nextCircuit(OPENED, SUCCESS, NOW)).toBe(OPENED);
    expect(nextCircuit(PROBING, FAILURE, NOW)).toBe(PROBING);
  });

  it("lets one probe through when its time is over", () => {
    expect(decideCircuit(OPENED, NOW + 10_000)).toEqual({ kind: "probe" });
    expect(decideCircuit(PROBING, NOW + 10_000)).toEqual({ kind: "refuse", retryInMs: 5000 });
    expect(nextCircuit(PROBING, probe("q"), NOW + 10_001)).toBe(PROBING);
  });

  it("takes no probe before its time, and a closed one none at all", () => {
    expect(nextCircuit(OPENED, probe("p"), NOW + 9999)).toBe(OPENED);
    expect(nextCircuit(CLOSED_CIRCUIT, probe("p"), NOW)).toBe(CLOSED_CIRCUIT);
  });

  it("closes with clean counts when the probe succeeds", () => {
    expect(nextCircuit(PROBING, ended("p", "succeeded"), NOW)).toEqual(CLOSED_CIRCUIT);
  });

  it("doubles its time up to 60 s with every failed probe, and begins anew after closing", () => {
    let state = OPENED;
    let nowMs = NOW;
    const openForMs: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      nowMs += 100_000;
      state = after([probe(`p${i}`), ended(`p${i}`, "failed")], state, nowMs);
      if (state.phase === "open") openForMs.push(state.untilMs - nowMs);
    }
    expect(openForMs).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
    state = after([probe("p"), ended("p", "succeeded")], state, nowMs + 60_000);
    expect(after(times(20, FAILURE), state)).toMatchObject({ openForMs: 10_000 });
  });

  it("asks for the next probe at once when one told nothing", () => {
    const state = nextCircuit(PROBING, ended("p", "unknown"), NOW + 11_000);
    expect(decideCircuit(state, NOW + 11_000)).toEqual({ kind: "probe" });
    expect(state).toMatchObject({ openForMs: 10_000 });
  });

  it("replaces a probe whose lease has passed, and does not hear it any more", () => {
    const replaced = nextCircuit(PROBING, probe("q"), NOW + 15_000);
    expect(replaced).toMatchObject({ phase: "half_open", probe: { id: "q" } });
    expect(nextCircuit(replaced, ended("p", "succeeded"), NOW + 15_000)).toBe(replaced);
  });
});

describe("an operator", () => {
  it("forces the circuit open or closed, against all evidence, until it is released", () => {
    const open = nextCircuit(CLOSED_CIRCUIT, { type: "forced", to: "open" }, NOW);
    expect(decideCircuit(open, NOW + 1e9)).toEqual({ kind: "refuse", retryInMs: null });
    expect(after([SUCCESS, probe("p"), ended("p", "succeeded")], open)).toBe(open);

    const closed = nextCircuit(PROBING, { type: "forced", to: "closed" }, NOW);
    expect(after([...times(50, FAILURE), ended("p", "failed")], closed)).toBe(closed);
    expect(decideCircuit(closed, NOW)).toEqual({ kind: "call" });

    expect(nextCircuit(open, { type: "released" }, NOW)).toEqual(CLOSED_CIRCUIT);
    expect(nextCircuit(OPENED, { type: "released" }, NOW)).toBe(OPENED);
  });
});

const anyEvent: fc.Arbitrary<CircuitEvent> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({ type: fc.constant("attempt_ended"), failed: fc.boolean() }),
  },
  fc.constantFrom(
    probe("a"),
    probe("b"),
    ended("a", "succeeded"),
    ended("a", "failed"),
    ended("b", "failed"),
    ended("b", "unknown"),
  ),
);
const steps = fc.array(fc.tuple(anyEvent, fc.nat(8000)), { maxLength: 300 });

describe("any history", () => {
  it("leaves plain JSON of bounded size, and a wait of at most 60 s", () => {
    fc.assert(
      fc.property(steps, (history) => {
        let state = CLOSED_CIRCUIT;
        let nowMs = NOW;
        for (const [event, passedMs] of history) {
          nowMs += passedMs;
          state = nextCircuit(state, event, nowMs);
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
          if (state.phase === "closed") expect(state.counts.length).toBeLessThanOrEqual(30);
          const decision = decideCircuit(state, nowMs);
          if (decision.kind === "refuse") expect(decision.retryInMs).toBeLessThanOrEqual(60_000);
        }
      }),
    );
  });

  it("without failures never opens the circuit", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const calm = history.filter(([event]) => event.type !== "attempt_ended" || !event.failed);
        let nowMs = NOW;
        let state = CLOSED_CIRCUIT;
        for (const [event, passedMs] of calm) {
          nowMs += passedMs;
          state = nextCircuit(state, event, nowMs);
        }
        expect(state.phase).toBe("closed");
      }),
    );
  });

  it("is forgotten after the longest wait and a probe that succeeds", () => {
    fc.assert(
      fc.property(steps, (history) => {
        let nowMs = NOW;
        let state = CLOSED_CIRCUIT;
        for (const [event, passedMs] of history) {
          nowMs += passedMs;
          state = nextCircuit(state, event, nowMs);
        }
        state = after([probe("last"), ended("last", "succeeded")], state, nowMs + 60_000);
        expect(decideCircuit(state, nowMs + 60_000)).toEqual({ kind: "call" });
      }),
    );
  });
});
