import { CLOSED_CIRCUIT, type CircuitState } from "./circuit-breaker.ts";
import type { Outcome } from "./task/outcome.ts";

/** How much of a droplet all workers together may use; null is unlimited. */
export interface DropletLimits {
  concurrency: number | null;
  rate: { max: number; perMs: number } | null;
}

/** Everything that can hold up a droplet's queue: its circuit, an operator's pause, limits. */
export interface DropletSwitches {
  circuit: CircuitState;
  isPausedByOperator: boolean;
  limits: DropletLimits;
  /** False from a change until BullMQ's queue has been set to match: whoever finds it so does it. */
  isEnforced: boolean;
}

/** What the queue has to be set to, so that it does what the switches say. */
export interface QueueSettings extends DropletLimits {
  isPaused: boolean;
}

/** Of a droplet without limits of its own, where none are configured for all. */
export const NO_LIMITS: DropletLimits = { concurrency: null, rate: null };

export const DEFAULT_SWITCHES: DropletSwitches = {
  circuit: CLOSED_CIRCUIT,
  isPausedByOperator: false,
  limits: NO_LIMITS,
  isEnforced: true,
};

/** A droplet's own limit, higher or lower, stands in place of the one configured for all. */
export function effectiveLimits(own: DropletLimits, defaults: DropletLimits): DropletLimits {
  return {
    concurrency: own.concurrency ?? defaults.concurrency,
    rate: own.rate ?? defaults.rate,
  };
}

/** An open circuit parks the queue; a half-open one lets a single task through at a time, as the probe. */
export function queueSettings(
  { circuit, isPausedByOperator, limits }: DropletSwitches,
  defaults: DropletLimits = NO_LIMITS,
): QueueSettings {
  const { concurrency, rate } = effectiveLimits(limits, defaults);
  return {
    isPaused: isPausedByOperator || isOpen(circuit),
    concurrency: circuit.phase === "half_open" ? 1 : concurrency,
    rate,
  };
}

export function isOpen(circuit: CircuitState): boolean {
  return circuit.phase === "open" || circuit.phase === "forced_open";
}

/**
 * What an attempt says about its droplet: a 5xx, an attempt timeout or a failed connection is a failure; any
 * other answer is a sign of life; what we stopped ourselves says nothing.
 */
export function circuitVerdict(outcome: Outcome): "succeeded" | "failed" | "unknown" {
  switch (outcome.fault) {
    case null:
      return (outcome.status ?? 0) >= 500 ? "failed" : "succeeded";
    case "attempt_timeout":
    case "time_up":
    case "unreachable":
      return "failed";
    case "response_too_large":
    case "bad_response":
      return "succeeded";
    case "cancelled":
    case "deadline":
    case "target_forbidden":
      return "unknown";
  }
}
