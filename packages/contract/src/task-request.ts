import { z } from "zod";
import { TaskHeaders } from "./task-headers.ts";

const HOUR_MS = 3_600_000;
const DELAY_MS_MAX = 30 * 24 * HOUR_MS;
const META_BYTES_MAX = 4096;

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
export type Method = (typeof METHODS)[number];

export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

const DropletName = z.string().min(1).max(255).describe("Matched without regard to case.");

/** Whether text is an origin-form target is decided in core, where the URL is built. */
const TargetPath = z
  .string()
  .min(1)
  .max(2048)
  .describe("Origin-form path with optional query; a missing leading / is added.");

const byteLength = (value: unknown): number =>
  new TextEncoder().encode(JSON.stringify(value)).byteLength;

const Meta = z
  .record(z.string(), z.unknown())
  .refine((meta) => byteLength(meta) <= META_BYTES_MAX, {
    message: `must be at most ${META_BYTES_MAX} bytes of JSON`,
  })
  .describe("The caller's labels: kept, searchable, never sent to the droplet.");

const Callback = z.object({ droplet_name: DropletName, path: TargetPath });

const optionalMs = (max: number) => z.number().int().min(1).max(max).optional();

/** What a caller submits. Defaults that depend on configuration are left open here. */
export const TaskRequest = z
  .object({
    droplet_name: DropletName,
    method: z.enum(METHODS).default("GET"),
    path: TargetPath,
    payload: z.unknown().default(null).describe("Sent as the JSON body when not null."),
    headers: TaskHeaders.default({}).describe("Extra request headers."),
    meta: Meta.default({}),
    priority: z.enum(PRIORITIES).default("normal"),
    delay_ms: z.number().int().min(0).max(DELAY_MS_MAX).default(0).describe("Not before, in ms."),
    deadline_ms: z
      .number()
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe("From acceptance over everything, in ms."),
    timeout_ms: optionalMs(HOUR_MS).describe("From the first attempt's start, in ms."),
    attempt_timeout_ms: optionalMs(HOUR_MS).describe("One attempt, in ms."),
    max_retries: z.number().int().min(0).max(20).optional(),
    delivery: z.enum(["at_least_once", "at_most_once"]).default("at_least_once"),
    when_open: z.enum(["queue", "fail"]).default("queue"),
    callback: Callback.optional().describe("The final record is POSTed there, once."),
  })
  .refine(
    ({ delay_ms, deadline_ms }) =>
      // A deadline below 1 is refused for itself.
      deadline_ms === undefined || deadline_ms < 1 || delay_ms < deadline_ms,
    { path: ["delay_ms"], message: "must be smaller than deadline_ms" },
  );
export type TaskRequest = z.infer<typeof TaskRequest>;

const KNOWN_FIELDS = new Set(Object.keys(TaskRequest.shape));

/** Names of fields we do not know: ignored, but said so in `warnings`. */
export function unknownFields(body: object): string[] {
  return Object.keys(body).filter((name) => !KNOWN_FIELDS.has(name));
}
