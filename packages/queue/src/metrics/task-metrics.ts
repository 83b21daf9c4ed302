import { isEnded } from "@orchestrator/contract";
import type { TaskHistory } from "../history/task-history.ts";
import type { DropletLabels } from "./droplet-labels.ts";
import { SECONDS_BUCKETS, type MetricMakers } from "./metric-makers.ts";

/**
 * Counts what this process writes into the history. The history takes each step of each task once, from
 * whichever process comes first: so the sums over all processes are right, callbacks, cancellations, deadlines
 * and repairs included.
 */
export function countTasks(
  history: TaskHistory,
  makers: MetricMakers,
  labels: DropletLabels,
): void {
  const accepted = makers.counter({
    name: "orchestrator_tasks_accepted_total",
    help: "Tasks accepted.",
    labelNames: ["droplet"],
  });
  const ended = makers.counter({
    name: "orchestrator_tasks_total",
    help: "Tasks ended, by how: success, error, timeout or cancelled.",
    labelNames: ["droplet", "status"],
  });
  const retriedInVain = makers.counter({
    name: "orchestrator_tasks_failed_after_retry_total",
    help: "Tasks that ended as error or timeout although they were retried.",
    labelNames: ["droplet"],
  });
  const durations = makers.histogram({
    name: "orchestrator_task_duration_seconds",
    help: "First attempt's start to the end of the task, waits between attempts included.",
    labelNames: ["status"],
    buckets: SECONDS_BUCKETS,
  });

  history.onRecorded(({ task, status, durationMs, retries }, { isFirst }) => {
    const droplet = labels.of(task.dropletName);
    if (isFirst) accepted.inc({ droplet });
    if (!isEnded(status)) return;
    ended.inc({ droplet, status });
    if (durationMs !== null) durations.observe({ status }, durationMs / 1000);
    const isFailure = status === "error" || status === "timeout";
    if (isFailure && retries > 0) retriedInVain.inc({ droplet });
  });
}
