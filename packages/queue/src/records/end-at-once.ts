import { SEALED_INPUT_BYTES_MAX } from "./record-scripts.ts";
import { writeTask } from "./stored-task.ts";
import { keptInput } from "./kept-input.ts";
import type { EndOfTask } from "./task-records.ts";

/** An end by the first attempt, of which nothing has been written down. */
export type EndAtOnce = EndOfTask & { attempt: NonNullable<EndOfTask["attempt"]> };

/** Queued, running, ended. */
export const REVISION_AT_ONCE = { running: 2, ended: 3 } as const;

/** The values of `end_at_once`: here the worker itself knows all that the record is to say. */
export function endAtOnceValues(ending: EndAtOnce, bodyKeptMs: number): (string | number)[] {
  const { end, response } = ending;
  const input = keptInput(ending.input, end.status);
  const isLarge = Buffer.byteLength(input) > SEALED_INPUT_BYTES_MAX;
  return [
    ending.replyChannel ?? "",
    end.status,
    seal(ending, isLarge ? "" : input),
    isLarge ? input : "",
    response?.wholeBody ?? "",
    bodyKeptMs,
  ];
}

/** Of the body that is kept beside the record, -1 when there is none. */
export function bodyBytesOf({ response }: EndAtOnce): number {
  return response?.wholeBody == null ? -1 : Buffer.byteLength(response.wholeBody);
}

/** The same names and values that `end_task` gathers from a record; see `record-scripts.ts`. */
function seal(
  { task, attempt, response, end, targetUrl, nowMs }: EndAtOnce,
  input: string,
): string {
  const fields: [name: string, value: string | number][] = [
    ["d", writeTask(task)],
    ["v", REVISION_AT_ONCE.ended],
    ["n", attempt.number],
    ["f", attempt.startedAt],
    [`a:${attempt.number}`, JSON.stringify(attempt)],
    ["r", response ? JSON.stringify(response.stored) : ""],
    ["u", targetUrl ?? ""],
    ["e", JSON.stringify(end)],
    ["c", nowMs],
    ["p", input],
  ];
  const said = fields.filter(([, value]) => value !== "");
  return said.map(([name, value]) => `${name}\n${value}`).join("\n");
}
