import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { TaskRequest } from "@orchestrator/client";
import type { Invocation, Option } from "./command.ts";
import { said } from "./said.ts";
import { UsageError } from "./usage-error.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const PRIORITIES = ["high", "normal", "low"] as const;
const DELIVERIES = ["at_least_once", "at_most_once"] as const;
const WHEN_OPEN = ["queue", "fail"] as const;

/** A task in the words of the command line. */
export const TASK_OPTIONS: readonly Option[] = [
  {
    name: "method",
    short: "X",
    value: "METHOD",
    choices: METHODS,
    description: "GET, or POST when there is a payload, unless given.",
  },
  {
    name: "payload",
    short: "d",
    value: "JSON",
    description: "The JSON body; @FILE reads it from a file, @- from stdin.",
  },
  {
    name: "header",
    short: "H",
    value: "NAME:VALUE",
    isMany: true,
    description: "A request header for the droplet; may be repeated.",
  },
  {
    name: "meta",
    value: "NAME=VALUE",
    isMany: true,
    description: "A label, such as requested_by=billing; may be repeated.",
  },
  {
    name: "priority",
    value: "PRIORITY",
    choices: PRIORITIES,
    description: "Its place among the droplet's tasks.",
  },
  { name: "delay", value: "TIME", description: "Not before this time has passed." },
  { name: "deadline", value: "TIME", description: "Over everything, from acceptance." },
  { name: "timeout", value: "TIME", description: "Over all attempts, from the first one." },
  { name: "attempt-timeout", value: "TIME", description: "One attempt." },
  { name: "max-retries", value: "N", description: "0 means one attempt." },
  {
    name: "delivery",
    value: "HOW",
    choices: DELIVERIES,
    description: "at_most_once: never sent twice.",
  },
  {
    name: "when-open",
    value: "WHAT",
    choices: WHEN_OPEN,
    description: "Whether an open circuit keeps the task or refuses it.",
  },
];

/** The task a command line describes. @throws {UsageError} */
export async function readTask({ operands, options, stdin }: Invocation): Promise<TaskRequest> {
  const [droplet_name = "", path = ""] = operands;
  const payload = await readPayload(options.text("payload"), stdin);
  const task = said({
    method: options.choice("method", METHODS) ?? (payload === undefined ? undefined : "POST"),
    payload,
    headers: pairs(options.texts("header"), "header", ":"),
    meta: pairs(options.texts("meta"), "meta", "="),
    priority: options.choice("priority", PRIORITIES),
    delay_ms: options.durationMs("delay"),
    deadline_ms: options.durationMs("deadline"),
    timeout_ms: options.durationMs("timeout"),
    attempt_timeout_ms: options.durationMs("attempt-timeout"),
    max_retries: options.count("max-retries", { min: 0, max: 20 }),
    delivery: options.choice("delivery", DELIVERIES),
    when_open: options.choice("when-open", WHEN_OPEN),
  });
  return { droplet_name, path, ...task };
}

async function readPayload(
  text: string | undefined,
  stdin: AsyncIterable<Uint8Array>,
): Promise<unknown> {
  if (text === undefined) return undefined;
  const json = text.startsWith("@") ? await readSource(text.slice(1), stdin) : text;
  try {
    return JSON.parse(json);
  } catch (cause) {
    const hint = text.startsWith("@") ? "" : `; a text needs quotes of its own: '"${text}"'`;
    throw new UsageError(`--payload is not JSON${hint}`, { cause });
  }
}

/** A file's text, or stdin's for `-`. @throws {UsageError} for a file that cannot be read */
async function readSource(file: string, stdin: AsyncIterable<Uint8Array>): Promise<string> {
  if (file === "-") return (await buffer(stdin)).toString("utf8");
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`cannot read ${file}: ${String(cause)}`, { cause });
  }
}

function pairs(
  texts: readonly string[],
  option: string,
  separator: string,
): Record<string, string> | undefined {
  if (texts.length === 0) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf(separator);
      if (at < 1) throw new UsageError(`--${option} must be NAME${separator}VALUE`);
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    }),
  );
}
