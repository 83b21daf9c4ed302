import { SEALED_INPUT_BYTES_MAX } from "./record-scripts.ts";
import { writeTask } from "./stored-task.ts";
import { keptInput } from "./kept-input.ts";
import type { EndOfTask } from "./record-steps.ts";

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
  const { number, startedAt } = attempt;
  const about = `d\n${writeTask(task)}\nv\n${REVISION_AT_ONCE.ended}\nn\n${number}\nf\n${startedAt}`;
  const answered = response ? `\nr\n${JSON.stringify(response.stored)}` : "";
  const called = targetUrl === null ? "" : `\nu\n${targetUrl}`;
  const ended = `\ne\n${JSON.stringify(end)}\nc\n${nowMs}`;
  const kept = input === "" ? "" : `\np\n${input}`;
  return `${about}\na:${number}\n${JSON.stringify(attempt)}${answered}${called}${ended}${kept}`;
}
