import {
  circuitVerdict,
  decideCircuit,
  dropletKey,
  nextCircuit,
  type CircuitState,
  type Outcome,
} from "@orchestrator/core";
import type { DropletSwitchboard } from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";

/** What was noted is shared this often: a droplet that fails burns this much longer, not more. */
const FLUSH_MS = 250;

/**
 * Successes alone change nothing, and those of a process go with its next failure: they are shared every so many rounds, for
 * the failures of others, a fifth of the time that counts. With many droplets it is a command for each of them.
 */
const ROUNDS_WITHOUT_FAILURE = 24;

/** A half-open circuit that saw no task for this long starts its probe anew. */
const PROBE_LEASE_MS = 60_000;

interface Noted {
  failed: number;
  succeeded: number;
}

/**
 * Tells the shared circuits how attempts ended: collected for a moment while a circuit is closed, at once when
 * the attempt was a probe. Also starts the probe of circuits whose time is up.
 */
export class CircuitReporter implements AsyncDisposable {
  readonly #switchboard: DropletSwitchboard;
  readonly #workerId: string;
  readonly #log: Logger;
  readonly #noted = new Map<string, Noted>();
  readonly #flushing: AsyncDisposable;
  #round = 0;

  constructor(switchboard: DropletSwitchboard, workerId: string, log: Logger) {
    this.#switchboard = switchboard;
    this.#workerId = workerId;
    this.#log = log;
    const round = async (): Promise<void> => {
      await this.#flush();
      await this.#startProbes();
    };
    this.#flushing = periodically(FLUSH_MS, round, { log, name: "circuits" });
  }

  /** Resolves at once, except for a probe: the queue must be set before its next task is taken. */
  async report(dropletName: string, outcome: Outcome, startedAt: number): Promise<void> {
    const verdict = circuitVerdict(outcome);
    const { circuit } = this.#switchboard.of(dropletName);
    // The probe may be over before this process has heard that it began: only the newest state tells.
    if (circuit.phase === "open" || circuit.phase === "half_open") {
      await this.#changeCircuit(dropletName, (state, nowMs) => {
        if (state.phase !== "half_open") return state;
        // One that began before the probe tells about the past.
        if (startedAt < state.probe.untilMs - PROBE_LEASE_MS) return state;
        const ended = { probeId: state.probe.id, outcome: verdict };
        return nextCircuit(state, { type: "probe_ended", ...ended }, nowMs);
      });
    } else if (verdict !== "unknown") this.#note(dropletName, verdict);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing[Symbol.asyncDispose]();
  }

  #note(dropletName: string, verdict: "failed" | "succeeded"): void {
    const name = dropletKey(dropletName);
    const noted = this.#noted.get(name) ?? { failed: 0, succeeded: 0 };
    noted[verdict]++;
    this.#noted.set(name, noted);
  }

  async #flush(): Promise<void> {
    this.#round = (this.#round + 1) % ROUNDS_WITHOUT_FAILURE;
    const noted = [...this.#noted].filter(([, { failed }]) => failed > 0 || this.#round === 0);
    for (const [name] of noted) this.#noted.delete(name);
    await Promise.all(
      noted.map(
        async ([name, counts]) =>
          await this.#changeCircuit(name, (state, nowMs) => countAttempts(state, counts, nowMs)),
      ),
    );
  }

  async #startProbes(): Promise<void> {
    const nowMs = Date.now();
    for (const [name, { circuit }] of this.#switchboard.all) {
      if (decideCircuit(circuit, nowMs).kind !== "probe") continue;
      const probeId = `${this.#workerId}-${nowMs}`;
      await this.#changeCircuit(name, (state) =>
        nextCircuit(state, { type: "probe_started", probeId, leaseMs: PROBE_LEASE_MS }, nowMs),
      );
    }
  }

  async #changeCircuit(
    name: string,
    next: (state: CircuitState, nowMs: number) => CircuitState,
  ): Promise<void> {
    let before: CircuitState | null = null;
    const after = await this.#switchboard.change(name, (switches) => {
      before = switches.circuit;
      return { ...switches, circuit: next(switches.circuit, Date.now()) };
    });
    this.#logChange(name, before, after.circuit);
  }

  #logChange(droplet: string, before: CircuitState | null, after: CircuitState): void {
    if (before === null || before.phase === after.phase) return;
    const event = { event: "circuit.changed", droplet, from: before.phase, to: after.phase };
    this.#log[after.phase === "open" ? "warn" : "info"](event);
  }
}

/** Successes first: a moment in which less than half failed must not open a circuit by its order. */
function countAttempts(
  state: CircuitState,
  { failed, succeeded }: Noted,
  nowMs: number,
): CircuitState {
  let next = state;
  for (let i = 0; i < succeeded + failed; i++) {
    next = nextCircuit(next, { type: "attempt_ended", failed: i >= succeeded }, nowMs);
  }
  return next;
}
