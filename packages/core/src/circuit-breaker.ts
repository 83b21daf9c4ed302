const WINDOW_SECONDS = 30;
const ATTEMPTS_MIN = 20;
const FAILED_SHARE_MIN = 0.5;
const OPEN_MS_MIN = 10_000;
const OPEN_MS_MAX = 60_000;

/** Attempts that ended within one second of the clock. */
interface AttemptCount {
  second: number;
  attempts: number;
  failures: number;
}

/**
 * The circuit of one droplet: plain JSON, because all workers share it. The owner of the store has to
 * make each `nextCircuit` one step (read, compute, write back only if unchanged).
 */
export type CircuitState =
  | { phase: "closed"; counts: AttemptCount[] }
  | { phase: "open"; untilMs: number; openForMs: number }
  | { phase: "half_open"; openForMs: number; probe: { id: string; untilMs: number } }
  | { phase: "forced_open" }
  | { phase: "forced_closed" };

/**
 * `failed` is a 5xx, an attempt timeout or a connection that failed; a 4xx or 429 is not: the droplet
 * is alive. A probe that tells nothing (its task was cancelled) ends as `unknown`.
 */
export type CircuitEvent =
  | { type: "attempt_ended"; failed: boolean }
  | { type: "probe_started"; probeId: string; leaseMs: number }
  | { type: "probe_ended"; probeId: string; outcome: "succeeded" | "failed" | "unknown" }
  | { type: "forced"; to: "open" | "closed" }
  | { type: "released" };

/** `retryInMs` is null when nobody knows: only an operator ends a forced opening. */
export type CircuitDecision =
  | { kind: "call" }
  | { kind: "probe" }
  | { kind: "refuse"; retryInMs: number | null };

export const CLOSED_CIRCUIT: CircuitState = { phase: "closed", counts: [] };

/**
 * May the droplet be called now? `probe` asks the caller to send `probe_started` first and to call only
 * if the state that results names its own probe: another worker may have been quicker.
 */
export function decideCircuit(state: CircuitState, nowMs: number): CircuitDecision {
  switch (state.phase) {
    case "closed":
    case "forced_closed":
      return { kind: "call" };
    case "forced_open":
      return { kind: "refuse", retryInMs: null };
    case "open":
    case "half_open": {
      const retryInMs = nextProbeMs(state) - nowMs;
      return retryInMs > 0 ? { kind: "refuse", retryInMs } : { kind: "probe" };
    }
  }
}

/**
 * The state after an event. Opens when at least half of at least 20 attempts within 30 s failed, for
 * 10 s, doubling up to 60 s with every failed probe; a probe that succeeds closes it. Attempts that
 * began before the circuit opened and end after it are ignored: they tell about the past. A probe
 * whose worker died is forgotten when its lease has passed.
 */
export function nextCircuit(state: CircuitState, event: CircuitEvent, nowMs: number): CircuitState {
  switch (event.type) {
    case "attempt_ended":
      return state.phase === "closed" ? afterAttempt(state.counts, event.failed, nowMs) : state;
    case "probe_started":
      return startProbe(state, event, nowMs);
    case "probe_ended":
      return endProbe(state, event, nowMs);
    case "forced":
      return { phase: event.to === "open" ? "forced_open" : "forced_closed" };
    case "released":
      return state.phase.startsWith("forced") ? CLOSED_CIRCUIT : state;
  }
}

function afterAttempt(
  counts: readonly AttemptCount[],
  failed: boolean,
  nowMs: number,
): CircuitState {
  const second = Math.floor(nowMs / 1000);
  // The workers' clocks differ: the window ends at the newest second that any of them has seen.
  const newest = Math.max(second, ...counts.map((count) => count.second));
  const known = counts.find((count) => count.second === second);
  const updated = {
    second,
    attempts: (known?.attempts ?? 0) + 1,
    failures: (known?.failures ?? 0) + (failed ? 1 : 0),
  };
  const kept = [...counts.filter((count) => count !== known), updated].filter(
    (count) => count.second > newest - WINDOW_SECONDS,
  );
  return isFailing(kept) ? open(OPEN_MS_MIN, nowMs) : { phase: "closed", counts: kept };
}

function isFailing(counts: readonly AttemptCount[]): boolean {
  const attempts = counts.reduce((sum, count) => sum + count.attempts, 0);
  const failures = counts.reduce((sum, count) => sum + count.failures, 0);
  return attempts >= ATTEMPTS_MIN && failures >= attempts * FAILED_SHARE_MIN;
}

function open(openForMs: number, nowMs: number): CircuitState {
  return { phase: "open", untilMs: nowMs + openForMs, openForMs };
}

function nextProbeMs(state: Extract<CircuitState, { phase: "open" | "half_open" }>): number {
  return state.phase === "open" ? state.untilMs : state.probe.untilMs;
}

function startProbe(
  state: CircuitState,
  { probeId, leaseMs }: Extract<CircuitEvent, { type: "probe_started" }>,
  nowMs: number,
): CircuitState {
  if (!("openForMs" in state) || nextProbeMs(state) > nowMs) return state;
  return {
    phase: "half_open",
    openForMs: state.openForMs,
    probe: { id: probeId, untilMs: nowMs + leaseMs },
  };
}

function endProbe(
  state: CircuitState,
  { probeId, outcome }: Extract<CircuitEvent, { type: "probe_ended" }>,
  nowMs: number,
): CircuitState {
  // A probe that outlived its lease has been replaced, or the operator has spoken meanwhile.
  if (state.phase !== "half_open" || state.probe.id !== probeId) return state;
  switch (outcome) {
    case "succeeded":
      return CLOSED_CIRCUIT;
    case "failed":
      return open(Math.min(state.openForMs * 2, OPEN_MS_MAX), nowMs);
    case "unknown":
      return { phase: "open", untilMs: nowMs, openForMs: state.openForMs };
  }
}
