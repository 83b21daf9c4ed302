import { backoffSchedule, targetUrl } from "@orchestrator/core";
import type { AcceptedTask } from "./accept-task.ts";
import type { Submission } from "./submit-task.ts";

/** Where the value of a setting came from. */
type Source = "request" | "default" | "configuration";

/**
 * How a task would be treated, without making it: where it would go, every setting and where it came from, the
 * waits between retries, and what is before it in its queue.
 */
export async function explainTask(accepted: AcceptedTask, { store, depths }: Submission) {
  const { task } = accepted;
  const { directory, queues } = store;
  const nowMs = Date.now();
  const ageMs = directory.ageMs(nowMs);
  const droplet = directory.byName(task.dropletName);
  const target = droplet ? targetUrl(droplet.endpoint, task.path) : null;
  const { waiting, delayed, active, isPaused } = await queues.counts(task.dropletName);
  return {
    dry_run: true,
    droplet_name: task.dropletName,
    method: task.method,
    target_url: target?.kind === "url" ? target.url.href : null,
    list: {
      age_seconds: ageMs === null ? null : ageMs / 1000,
      cache_status: directory.cacheStatus(nowMs),
      served_from: directory.servedFrom(),
    },
    settings: explainSettings(accepted),
    retry_schedule_ms: backoffSchedule(task.maxRetries),
    queue: { waiting, delayed, active, paused: isPaused },
    expected_wait_ms: depths.expectedWaitMs(task.dropletName),
    circuit: { state: store.switchboard.of(task.dropletName).circuit.phase },
    warnings: accepted.warnings,
  };
}

function explainSettings({ task, request, asked }: AcceptedTask) {
  const setting = (name: string, value: unknown, otherwise: Source = "default") => ({
    value,
    source: asked.includes(name) ? "request" : otherwise,
  });
  return {
    priority: setting("priority", task.priority),
    delay_ms: setting("delay_ms", task.delayMs),
    deadline_ms: setting("deadline_ms", request.deadline_ms ?? null),
    timeout_ms: setting("timeout_ms", task.timeoutMs, "configuration"),
    attempt_timeout_ms: setting("attempt_timeout_ms", task.attemptTimeoutMs),
    max_retries: setting("max_retries", task.maxRetries, "configuration"),
    delivery: setting("delivery", task.delivery),
    when_open: setting("when_open", request.when_open),
    callback: setting("callback", request.callback ?? null),
  };
}
