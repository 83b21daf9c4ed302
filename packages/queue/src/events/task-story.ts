import {
  isEnded,
  type TaskEvent,
  type TaskEventName,
  type TaskStatus,
} from "@orchestrator/contract";
import { retriesMade, type Attempt } from "@orchestrator/core";
import type { StoredTask } from "../records/stored-task.ts";

/** One step of a task's life. */
export interface StoryStep {
  name: TaskEventName;
  data: TaskEvent;
}

export interface TaskStory {
  /** What happened before its end, oldest first; it only grows. */
  steps: StoryStep[];
  end: StoryStep | null;
}

/**
 * Everything that has happened to a task, told from its record alone: complete and in order, whatever the stream
 * over all tasks has kept.
 */
export function storyOf(stored: StoredTask): TaskStory {
  const { task, attempts, open, status } = stored;
  const tell = (name: TaskEventName, atMs: number, retries: number): StoryStep => ({
    name,
    data: {
      task_id: task.id,
      status: statusAt(name),
      droplet_name: task.dropletName,
      trace_id: task.traceId,
      retry_count: retries,
      at: atMs / 1000,
    },
  });

  const steps = [tell("queued", task.createdAt, 0)];
  for (const [position, attempt] of attempts.entries()) {
    const before = attempts.slice(0, position);
    steps.push(tell("running", attempt.startedAt, retriesMade(before, true)));
    if (!wentBack(attempt, position, stored)) continue;
    const closedAt = attempt.startedAt + attempt.durationMs;
    steps.push(tell("retrying", closedAt, retriesMade([...before, attempt], false)));
  }
  if (open !== null) steps.push(tell("running", open.startedAt, retriesMade(attempts, true)));
  if (!isEnded(status)) return { steps, end: null };
  const endedAt = stored.completedAt ?? task.createdAt;
  return { steps, end: tell(status, endedAt, retriesMade(attempts, false)) };
}

/** Whether the task was queued again after an attempt; else the attempt ended it. */
function wentBack(attempt: Attempt, position: number, { attempts, status }: StoredTask): boolean {
  const isLast = position === attempts.length - 1;
  return !isLast || attempt.retryInMs !== null || !isEnded(status);
}

function statusAt(name: TaskEventName): TaskStatus {
  return name === "retrying" ? "queued" : name;
}
