import type { ErrorCode } from "@orchestrator/contract";
import type { JobData, Store } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import { acceptTask, type AcceptContext, type AcceptedTask } from "./accept-task.ts";
import { ADD_WITHIN_MS, QUEUE_RETRY_AFTER_S, type Submission } from "./submit-task.ts";

/** What became of one item, in the order they came. */
export type BatchResult =
  | { task_id: string; status: "queued"; warnings?: string[] }
  | { error: { code: ErrorCode; message: string; details: Record<string, unknown> } };

export interface BatchAnswer {
  results: BatchResult[];
  accepted: number;
  refused: number;
}

/**
 * Accepts and queues many tasks, each for itself: one that is refused does not hold up the others.
 * @throws {Refusal} QUEUE_UNAVAILABLE when Redis took none of them; `details.task_ids` names those it may have taken all
 * the same
 */
export async function submitBatch(
  bodies: readonly unknown[],
  context: AcceptContext,
  submission: Submission,
): Promise<BatchAnswer> {
  const items = bodies.map((body) => acceptOrRefuse(body, context, submission));
  const accepted = items.flatMap((item) => (item instanceof Refusal ? [] : [item]));
  const failures = await addAll(accepted, submission);
  const results = items.map((item): BatchResult => {
    if (item instanceof Refusal) return refused(item);
    const failure = failures.get(item.task.id);
    if (failure !== undefined) return refused(failure);
    return queued(item);
  });
  if (failures.size > 0 && failures.size === accepted.length) throw noneTaken([...failures.keys()]);
  const refusals = results.filter((result) => "error" in result).length;
  return { results, accepted: results.length - refusals, refused: refusals };
}

/** Submits many tasks, in few round trips; gives what Redis did not take. */
export async function addAll(
  accepted: readonly Pick<AcceptedTask, "task" | "input">[],
  { store }: Submission,
): Promise<Map<string, Refusal>> {
  const jobs = accepted.map(({ task, input }): JobData => ({
    v: 1,
    task,
    ...input,
    replyChannel: null,
  }));
  const errors = await submitAllWithin(jobs, store);
  const failures = new Map<string, Refusal>();
  for (const [position, { task }] of accepted.entries()) {
    const cause = errors[position];
    if (!cause) continue;
    const message = "Redis did not take the task in time; it may have been taken all the same";
    const details = { task_id: task.id };
    failures.set(task.id, new Refusal("QUEUE_UNAVAILABLE", message, details, { cause }));
  }
  return failures;
}

/** Redis has as long for all of them as for one; what it has not taken then has failed. */
async function submitAllWithin(
  jobs: readonly JobData[],
  { ledger }: Store,
): Promise<(Error | null)[]> {
  const { promise: tooLate, resolve } = Promise.withResolvers<Error[]>();
  const giveUp = (): void => resolve(jobs.map(() => new Error("Command timed out")));
  const timer = setTimeout(giveUp, ADD_WITHIN_MS);
  const submit = async (data: JobData): Promise<Error | null> =>
    await ledger.submit(data, "at_once").then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
  try {
    return await Promise.race([Promise.all(jobs.map(submit)), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function acceptOrRefuse(
  body: unknown,
  context: AcceptContext,
  { admission, depths }: Submission,
): AcceptedTask | Refusal {
  try {
    const accepted = acceptTask(body, context);
    admission.admit(accepted.task, { whenOpen: accepted.whenOpen, waits: false });
    depths.added(accepted.task.dropletName);
    return accepted;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function noneTaken(taskIds: string[]): Refusal {
  const message = "Redis did not take the tasks in time; they may have been taken all the same";
  const options = { retryAfterS: QUEUE_RETRY_AFTER_S };
  return new Refusal("QUEUE_UNAVAILABLE", message, { task_ids: taskIds }, options);
}

function refused({ code, message, details }: Refusal): BatchResult {
  return { error: { code, message, details } };
}

function queued({ task, warnings }: AcceptedTask): BatchResult {
  return { task_id: task.id, status: "queued", ...(warnings.length > 0 && { warnings }) };
}
