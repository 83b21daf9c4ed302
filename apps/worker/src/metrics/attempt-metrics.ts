import type { Outcome, Task } from "@orchestrator/core";
import { SECONDS_BUCKETS, type AnsweredAttempts, type DropletLabels } from "@orchestrator/queue";
import type { Metrics } from "@orchestrator/runtime";
import type { PerformedAttempt } from "../attempt/perform-attempt.ts";

/** Hears of every attempt this process makes. */
export interface AttemptObserver {
  attemptFinished(task: Task, performed: PerformedAttempt): void;
  /** The worker that held an attempt is gone; this one found out. */
  attemptLost(task: Task): void;
  /** A consumer had stopped fetching although its queue had work. */
  consumerRebuilt(): void;
}

/** Attempts by outcome, how long they take, and how long tasks wait for the first. */
export function countAttempts(
  metrics: Metrics,
  labels: DropletLabels,
  answered: AnsweredAttempts,
): AttemptObserver {
  const { attempts, retries, lost, rebuilt, durations, queueWaits } = attemptMetrics(metrics);
  return {
    attemptFinished(task, { attempt, outcome, step }) {
      const droplet = labels.of(task.dropletName);
      attempts.inc({ droplet, outcome: outcome.certainty, status: statusClass(outcome) });
      durations.observe({ droplet }, attempt.durationMs / 1000);
      if (step.kind === "retry") retries.inc({ droplet });
      if (attempt.number === 1) {
        const waitedMs = attempt.startedAt - task.createdAt - task.delayMs;
        queueWaits.observe({ priority: task.priority }, Math.max(0, waitedMs) / 1000);
      }
      const isAnswered = outcome.certainty === "responded";
      answered.note(task.dropletName, { isAnswered, at: attempt.startedAt + attempt.durationMs });
    },
    attemptLost(task) {
      lost.inc({ droplet: labels.of(task.dropletName) });
    },
    consumerRebuilt() {
      rebuilt.inc();
    },
  };
}

function attemptMetrics(metrics: Metrics) {
  return {
    attempts: metrics.counter({
      name: "orchestrator_attempts_total",
      help: "HTTP requests made for tasks, by what is certain about each and the class of the droplet's status.",
      labelNames: ["droplet", "outcome", "status"],
    }),
    retries: metrics.counter({
      name: "orchestrator_retries_total",
      help: "Attempts after which another was decided on.",
      labelNames: ["droplet"],
    }),
    lost: metrics.counter({
      name: "orchestrator_attempts_lost_total",
      help: "Attempts that vanished with the worker that made them.",
      labelNames: ["droplet"],
    }),
    rebuilt: metrics.counter({
      name: "orchestrator_consumers_rebuilt_total",
      help: "Consumers that had stopped fetching although their queue had work, and were built anew.",
    }),
    durations: metrics.histogram({
      name: "orchestrator_attempt_duration_seconds",
      help: "One HTTP request from its start to the end of the answer, or to whatever ended it.",
      labelNames: ["droplet"],
      buckets: SECONDS_BUCKETS,
    }),
    queueWaits: metrics.histogram({
      name: "orchestrator_queue_wait_seconds",
      help: "From acceptance, or the end of the delay, to the first attempt.",
      labelNames: ["priority"],
      buckets: SECONDS_BUCKETS,
    }),
  };
}

/** `none`: the droplet gave no status. */
function statusClass({ status }: Outcome): string {
  return status === null ? "none" : `${Math.floor(status / 100)}xx`;
}
