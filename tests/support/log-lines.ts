import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One line of a process's log. What was not JSON is in `msg`. */
export interface LogLine {
  [field: string]: unknown;
  event?: string;
  level?: string;
  msg?: string;
  task_id?: string;
  trace_id?: string;
}

/** An event's name, or a look at the line. */
export type LogMatch = string | ((line: LogLine) => boolean);

/** What a process wrote, line by line, both of its outputs. */
export class LogLines {
  readonly lines: LogLine[] = [];

  read(stream: Readable): void {
    createInterface({ input: stream }).on("line", (text) => {
      this.lines.push(parseLine(text));
    });
  }

  find(match: LogMatch, from = 0): LogLine | undefined {
    return this.lines.slice(from).find((line) => fits(line, match));
  }

  filter(match: LogMatch): LogLine[] {
    return this.lines.filter((line) => fits(line, match));
  }

  /** The last lines as text, for a person; without the syncs, of which a test makes two a second. */
  tail(count: number): string {
    return this.lines
      .filter((line) => line.event !== "registry.synced")
      .slice(-count)
      .map((line) => `    ${line.event === undefined ? (line.msg ?? "") : JSON.stringify(line)}`)
      .join("\n");
  }
}

function fits(line: LogLine, match: LogMatch): boolean {
  return typeof match === "string" ? line.event === match : match(line);
}

function parseLine(text: string): LogLine {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null) return found as LogLine;
  } catch {
    // Plain words on standard error, such as a wrong configuration.
  }
  return { msg: text };
}
