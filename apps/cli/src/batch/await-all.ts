import type { OrchestratorClient, TaskRecord } from "@orchestrator/client";

export interface Awaited {
  line: number;
  task_id: string;
}

/** Waits for the ends of many tasks, so many at a time, and gives each record as it is there. */
export async function* awaitAll<Task extends Awaited>(
  tasks: readonly Task[],
  concurrency: number,
  client: OrchestratorClient,
  signal: AbortSignal,
): AsyncGenerator<{ task: Task; record: TaskRecord }> {
  const running = new Map<Task, Promise<{ task: Task; record: TaskRecord }>>();
  const waiting = [...tasks].toReversed();
  while (waiting.length > 0 || running.size > 0) {
    while (running.size < concurrency) {
      const task = waiting.pop();
      if (task === undefined) break;
      const ended = client.poll(task.task_id, { signal }).then((record) => ({ task, record }));
      // The first that fails is thrown below; the others are aborted with the command.
      ended.catch(() => {});
      running.set(task, ended);
    }
    const first = await Promise.race(running.values());
    running.delete(first.task);
    yield first;
  }
}
