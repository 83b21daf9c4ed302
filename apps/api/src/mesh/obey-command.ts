import { fieldIssues, type MessageResult, type TaskRecord } from "@orchestrator/contract";
import { z } from "zod";
import { invalidRequest } from "../http/invalid-request.ts";
import { acceptOnce } from "../tasks/accept-once.ts";
import type { AcceptContext } from "../tasks/accept-task.ts";
import { cancelTask } from "../tasks/cancel-task.ts";
import type { Submission } from "../tasks/submit-task.ts";

const Command = z.discriminatedUnion(
  "command",
  [
    z.object({ command: z.literal("create_task"), task: z.unknown() }),
    z.object({ command: z.literal("cancel_task"), task_id: z.string().min(1).max(255) }),
  ],
  { error: "must be create_task or cancel_task" },
);

/** What somebody who gives commands brings along. */
export interface Commander {
  /** For a task that is asked for. */
  context: () => AcceptContext;
  /** Told of what was done to a task that may be somebody else's. */
  onCancelled: (record: TaskRecord) => Promise<void>;
}

export interface Obeyed {
  result: MessageResult;
  response: { task_id: string; status: string };
}

/**
 * Does what a message of type `command` asks for. A task goes on by itself; the same delivery twice (the same
 * Idempotency-Key) makes one task.
 * @throws {Refusal} for a command we do not know or cannot obey
 */
export async function obeyCommand(
  payload: unknown,
  { context, onCancelled }: Commander,
  submission: Submission,
): Promise<Obeyed> {
  const parsed = z.object({ payload: Command }).safeParse({ payload });
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const command = parsed.data.payload;
  if (command.command === "cancel_task") {
    const { isDone, record } = await cancelTask(command.task_id, submission);
    await onCancelled(record);
    const response = { task_id: record.task_id, status: record.status };
    return { result: isDone ? "success" : "queued", response };
  }
  const noWait = { kind: "respond_async", applied: null } as const;
  const { accepted: counted, submitted } = await acceptOnce(
    command.task,
    context(),
    noWait,
    submission,
  );
  const isEnded = submitted.kind === "ended";
  return {
    result: isEnded ? "success" : "queued",
    response: {
      task_id: counted.task.id,
      status: isEnded ? submitted.record.status : submitted.status,
    },
  };
}
