import { plainText, shortText } from "../terminal/plain-text.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { busiestFirst, type MeshReading } from "./read-mesh.ts";

const NAME_LENGTH_MAX = 32;

const COLUMNS = [
  { title: "DROPLET" },
  { title: "QUEUED", isRight: true },
  { title: "RUNNING", isRight: true },
  { title: "ENDED/S", isRight: true },
  { title: "SUCCESS %", isRight: true },
  { title: "P95 MS", isRight: true },
  { title: "FAILED", isRight: true },
  { title: "STATE" },
];

/** One screen: the whole on two lines, then a line for each droplet. @param before gives the rates */
export function renderMesh(
  reading: MeshReading,
  before: MeshReading | null,
  style: Style,
  rowsMax = Infinity,
): string {
  const { metrics, workers } = reading;
  const { tasks, registry } = metrics;
  const running = workers.reduce((sum, worker) => sum + worker.running, 0);
  const names = busiestFirst(metrics);
  const head = [
    `${style.bold("orchestrator")} ${metrics.version}   ${new Date(reading.at).toISOString()}${metrics.stale ? style.yellow("   Redis is away: old numbers") : ""}`,
    `tasks: ${tasks.queued} queued, ${tasks.running} running, ${tasks.total} ever, ${tasks.success_rate_percent} % success   workers: ${workers.length} (${running} tasks)   list: ${registry.cache_status}${registry.cache_age_seconds === null ? "" : `, ${registry.cache_age_seconds} s old`}`,
    "",
  ];
  const shown = names.slice(0, Math.max(1, rowsMax - head.length - 2));
  const rows = shown.map((name) => rowOf(name, reading, before, style));
  const hidden = names.length - shown.length;
  return [
    ...head,
    renderTable(COLUMNS, rows),
    ...(hidden > 0 ? [style.dim(`and ${hidden} more`)] : []),
  ].join("\n");
}

function rowOf(
  name: string,
  reading: MeshReading,
  before: MeshReading | null,
  style: Style,
): string[] {
  const numbers = reading.metrics.droplets[name];
  if (numbers === undefined) return [plainText(name)];
  const failed = numbers.error + numbers.timeout;
  return [
    shortText(name, NAME_LENGTH_MAX),
    String(numbers.queued),
    String(numbers.running),
    endedPerSecond(name, reading, before),
    String(numbers.success_rate_percent),
    String(Math.round(numbers.p95_response_time_ms)),
    failed > 0 ? style.red(String(failed)) : "0",
    stateOf(name, reading, style),
  ];
}

function endedPerSecond(name: string, now: MeshReading, before: MeshReading | null): string {
  if (before === null) return "-";
  const seconds = (now.at - before.at) / 1000;
  const ended = endedOf(name, now) - endedOf(name, before);
  return seconds > 0 ? (Math.max(0, ended) / seconds).toFixed(1) : "-";
}

function endedOf(name: string, { metrics }: MeshReading): number {
  const numbers = metrics.droplets[name];
  if (numbers === undefined) return 0;
  return numbers.success + numbers.error + numbers.timeout + numbers.cancelled;
}

function stateOf(name: string, { switches }: MeshReading, style: Style): string {
  const found = switches.get(name);
  if (found === undefined) return "";
  const { state } = found.circuit;
  const words = [
    ...(found.paused ? ["paused"] : []),
    ...(state === "closed" ? [] : [`circuit ${state}`]),
  ];
  return style.yellow(words.join(", "));
}
