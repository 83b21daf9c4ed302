import { isEnded, type TaskError, type TaskRecord, type TaskResult } from "@orchestrator/client";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { plainText } from "./terminal/plain-text.ts";
import { paintStatus, type Style } from "./terminal/style.ts";
import { renderTable } from "./terminal/table.ts";

const BODY_LENGTH_MAX = 2000;

/** What a script is told of a task that ended. */
export function exitCodeOf({ status }: Pick<TaskRecord, "status">): ExitCode {
  if (status === "success") return EXIT.ok;
  return isEnded({ status }) ? EXIT.taskFailed : EXIT.stillRunning;
}

/** How a task ended, on a few lines. */
export function describeResult(result: TaskResult, style: Style): string {
  const { task_id, status, response_status, duration_ms, retry_count, error } = result;
  const http = response_status === null ? "" : `  HTTP ${response_status}`;
  const retries = retry_count === 1 ? "1 retry" : `${retry_count} retries`;
  return [
    `${task_id}  ${paintStatus(style, status)}${http}  ${Math.round(duration_ms)} ms  ${retries}`,
    ...errorLines(error),
    ...bodyLines(result.response_body),
  ].join("\n");
}

/** A whole record, its attempts as a table. */
export function describeRecord(record: TaskRecord, style: Style): string {
  const fields: [string, string | null][] = [
    ["task", record.task_id],
    ["status", paintStatus(style, record.status)],
    ["request", `${record.method} ${plainText(record.path)} on ${plainText(record.droplet_name)}`],
    ["target", record.target_url],
    ["created", timeOf(record.created_at)],
    ["next attempt", timeOf(record.next_attempt_at)],
    ["ended", timeOf(record.completed_at)],
    ["took", record.completed_at === null ? null : `${Math.round(record.duration_ms)} ms`],
    ["response", record.response_status === null ? null : `HTTP ${record.response_status}`],
    ["replayed from", record.replayed_from],
    ["meta", Object.keys(record.meta).length > 0 ? plainText(JSON.stringify(record.meta)) : null],
    ["trace", record.trace_id],
  ];
  const shown = fields.filter(([, value]) => value !== null);
  return [
    ...shown.map(([name, value]) => `${style.dim(name.padEnd(14))}${value}`),
    ...errorLines(record.error),
    ...attemptLines(record),
    ...bodyLines(record.response_body),
  ].join("\n");
}

export function timeOf(epochSeconds: number | null): string | null {
  return epochSeconds === null ? null : new Date(epochSeconds * 1000).toISOString();
}

function errorLines(error: TaskError | null): string[] {
  return error === null ? [] : [`${error.code}: ${plainText(error.message)}`];
}

function attemptLines({ attempts }: TaskRecord): string[] {
  if (attempts.length === 0) return [];
  const columns = [
    { title: "ATTEMPT", isRight: true },
    { title: "STARTED" },
    { title: "MS", isRight: true },
    { title: "OUTCOME" },
    { title: "WHAT FOLLOWED" },
  ];
  const rows = attempts.map((one) => [
    String(one.number),
    timeOf(one.started_at) ?? "",
    String(Math.round(one.duration_ms)),
    one.response_status === null ? one.outcome : `HTTP ${one.response_status}`,
    plainText([one.error, one.decision].filter(Boolean).join("; ")),
  ]);
  return ["", renderTable(columns, rows)];
}

function bodyLines(body: unknown): string[] {
  if (body === null || body === undefined) return [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const isLong = text.length > BODY_LENGTH_MAX;
  const shown = plainText(isLong ? text.slice(0, BODY_LENGTH_MAX) : text);
  return [shown + (isLong ? `… (${text.length} characters; --json shows all)` : "")];
}
