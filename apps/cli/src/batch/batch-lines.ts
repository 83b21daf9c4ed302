import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { realpath } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { TaskRequest } from "@orchestrator/client";
import { UsageError } from "../usage-error.ts";

/** One line of a batch: a task, or why it is none. */
export interface BatchLine {
  /** From 1, empty lines counted. */
  number: number;
  task: TaskRequest | null;
  idempotencyKey: string;
}

/** Every line of a file, or of stdin for `-`. @throws {UsageError} for a file that cannot be read */
export async function* textLines(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ number: number; text: string }> {
  const input = file === "-" ? Readable.from(stdin) : createReadStream(file);
  let number = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      if (text.trim() !== "") yield { number, text };
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new UsageError(`cannot read ${file}: ${cause.code}`, { cause });
  } finally {
    input.destroy();
  }
}

/** Null for stdin, which can be read but once. @throws {UsageError} for a file that cannot be read */
export async function countLines(file: string): Promise<number | null> {
  if (file === "-") return null;
  let count = 0;
  for await (const _line of textLines(file, Readable.from([]))) count++;
  return count;
}

/**
 * What tells this batch from every other: the name it was given, else the file. Under the same name a line stands for
 * the same task however often it is submitted; stdin without a name is a batch of its own each time.
 */
export async function batchName(
  file: string,
  given: string | undefined,
  fresh: () => string,
): Promise<string> {
  if (given !== undefined) return `name ${given}`;
  if (file === "-") return fresh();
  try {
    return `file ${await realpath(file)}`;
  } catch (cause) {
    throw new UsageError(`cannot read ${file}: it is not there`, { cause });
  }
}

/** The same batch, line and text give the same key: a line that was corrected is a new task. */
export function readBatchLine(name: string, number: number, text: string): BatchLine {
  const idempotencyKey = `cli-${createHash("sha256")
    .update(JSON.stringify([name, number, text.trim()]))
    .digest("hex")}`;
  return { number, task: readTask(text), idempotencyKey };
}

/** Whatever is an object is for the service to judge. */
function readTask(text: string): TaskRequest | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { droplet_name: "", path: "", ...value } : null;
  } catch {
    // Not JSON: said with its line.
    return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}
