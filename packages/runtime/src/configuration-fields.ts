import { accessSync, constants, statSync } from "node:fs";
import { z } from "zod";
import { LOG_LEVELS } from "./logger.ts";
import type { LogLevel } from "./logger.ts";

/** One environment variable: a text or nothing in, a typed value out. Add `.describe("…")` to document it. */
export type Field<Value> = z.ZodType<Value, string | undefined>;

/**
 * What the documentation says of a field beside its description. The builders below fill it in; an app may override a part
 * with `.meta({ documentedDefault: "TASK_TIMEOUT + 5" })` and give a second name with `.meta({ alias: "CACHE_DIR" })`.
 */
const FieldNotes = z.object({
  description: z.string().optional(),
  /** What a value must be, to follow "must be". */
  allowed: z.string().optional(),
  unit: z.string().optional(),
  /** The default as a person would write it into an env file. */
  documentedDefault: z.string().optional(),
  /** A second name that is read when the first is unset. */
  alias: z.string().optional(),
});
export type FieldNotes = z.infer<typeof FieldNotes>;

export function readFieldNotes(schema: z.core.$ZodType): FieldNotes {
  return FieldNotes.parse(z.globalRegistry.get(schema) ?? {});
}

/** setTimeout fires at once beyond 2^31-1 ms, so no duration may be longer. */
const SECONDS_MAX = 2_147_483;
const BYTES_PER_UNIT = new Map([
  ["GB", 1024 ** 3],
  ["MB", 1024 ** 2],
  ["KB", 1024],
  ["B", 1],
]);

/** A duration in seconds, above 0, fractions allowed; without a default it may be unset. */
export function seconds<Default extends number | undefined>(fallback: Default) {
  const allowed = `a number of seconds above 0 and at most ${SECONDS_MAX}, such as 30 or 0.5`;
  return field<number, Default>(parseSeconds, fallback, { allowed, unit: "s" });
}

function parseSeconds(raw: string): number | undefined {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(raw) ? Number(raw) : Number.NaN;
  return value > 0 && value <= SECONDS_MAX ? value : undefined;
}

/** A size in bytes: `1048576`, `1MB`, `256 MB`, `512KB`. One KB is 1,024 bytes. */
export function byteSize<Default extends number | undefined>(fallback: Default) {
  const allowed = "a size above 0 in bytes or with KB, MB or GB, such as 1048576 or 1MB";
  return field<number, Default>(parseByteSize, fallback, { allowed }, writeByteSize);
}

function parseByteSize(raw: string): number | undefined {
  const [, amount, unit = "B"] = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)?$/i.exec(raw) ?? [];
  const bytes = Math.round(Number(amount) * (BYTES_PER_UNIT.get(unit.toUpperCase()) ?? 1));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

function writeByteSize(bytes: number): string {
  for (const [unit, size] of BYTES_PER_UNIT) {
    if (size > 1 && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** A whole number within inclusive bounds (0 and up unless given). */
export function count<Default extends number | undefined>(
  fallback: Default,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
) {
  const isBounded = max < Number.MAX_SAFE_INTEGER;
  const range = isBounded ? `from ${min} to ${max}` : `of at least ${min}`;
  function parse(raw: string): number | undefined {
    const value = /^-?\d+$/.test(raw) ? Number(raw) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  }
  return field<number, Default>(parse, fallback, { allowed: `a whole number ${range}` });
}

/** A TCP port, 0 (any free one) to 65535. */
export function port<Default extends number | undefined>(fallback: Default) {
  return count(fallback, { min: 0, max: 65_535 });
}

/** An http or https address; one trailing slash of its path is dropped. Without a default it may be unset. */
export function httpUrl(): Field<string | undefined>;
export function httpUrl(fallback: string): Field<string>;
export function httpUrl(fallback?: string): Field<string | undefined> {
  return field(parseHttpUrl, fallback, { allowed: "an http:// or https:// address" });
}

function parseHttpUrl(raw: string): string | undefined {
  if (!/^https?:\/\/[^\s/?#]\S*$/i.test(raw) || !URL.canParse(raw)) return undefined;
  return /[?#]/.test(raw) ? raw : raw.replace(/\/$/, "");
}

/**
 * Where Redis is. Sentinel and Cluster list several hosts, which the URL standard does not know:
 * `redis-sentinel://user:password@host:26379,host:26379/master-name/0`, `redis-cluster://host:6379,host:6379?tls=true`.
 */
export function redisUrl<Default extends string | undefined>(fallback: Default) {
  const allowed =
    "a redis://, rediss://, redis-sentinel:// or redis-cluster:// address, such as redis://localhost:6379";
  return field<string, Default>(parseRedisUrl, fallback, { allowed });
}

const HOSTS = String.raw`(?:[^@/?#\s]*@)?(?:\[[^\]\s]+\]|[^\s@/?#:,]+)(?::\d+)?(?:,(?:\[[^\]\s]+\]|[^\s@/?#:,]+)(?::\d+)?)*`;
const SENTINEL_URL = new RegExp(
  String.raw`^redis-sentinel://${HOSTS}/[^\s/?#]+(?:/\d+)?(?:\?\S*)?$`,
  "i",
);
const CLUSTER_URL = new RegExp(String.raw`^redis-cluster://${HOSTS}/?(?:\?\S*)?$`, "i");

function parseRedisUrl(raw: string): string | undefined {
  if (SENTINEL_URL.test(raw) || CLUSTER_URL.test(raw)) return raw;
  return /^rediss?:\/\/\S+$/i.test(raw) && URL.canParse(raw) ? raw : undefined;
}

/** A file that this process can read; unset unless given. */
export function readableFile() {
  return field<string, undefined>((raw) => (isReadable(raw) ? raw : undefined), undefined, {
    allowed: "a file that this process can read",
  });
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us: both are the same mistake.
    return false;
  }
}

/** What names in Redis begin with. Braces would decide over the slot of every key, and patterns mean more than they say. */
export function keyPrefix<Default extends string | undefined>(fallback: Default) {
  const allowed = "letters, digits and . _ - :, at most 100 of them";
  return field<string, Default>(parseKeyPrefix, fallback, { allowed });
}

function parseKeyPrefix(raw: string): string | undefined {
  return /^[\w.:-]{1,100}$/.test(raw) ? raw : undefined;
}

export function logLevel<Default extends LogLevel | undefined>(fallback: Default) {
  const allowed = `one of ${LOG_LEVELS.join(", ")}`;
  return field<LogLevel, Default>(parseLogLevel, fallback, { allowed });
}

function parseLogLevel(raw: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === raw.toLowerCase());
}

export function text<Default extends string | undefined>(fallback: Default) {
  return field<string, Default>((value) => value, fallback, { allowed: "any text" });
}

export function optionalText() {
  return text(undefined);
}

/** A text with rules of its own; unset unless given. `mistakesIn` tells what is wrong with it, in words to follow the name. */
export function checkedText(mistakesIn: (value: string) => readonly string[]) {
  return optionalText().superRefine((value, context) => {
    if (value === undefined) return;
    for (const message of mistakesIn(value)) context.addIssue({ code: "custom", message });
  });
}

/** A switch: true, 1, yes, on, or false, 0, no, off, in any case. */
export function flag<Default extends boolean | undefined>(fallback: Default) {
  return field<boolean, Default>(parseFlag, fallback, { allowed: "true or false" });
}

function parseFlag(value: string): boolean | undefined {
  if (/^(true|1|yes|on)$/i.test(value)) return true;
  return /^(false|0|no|off)$/i.test(value) ? false : undefined;
}

/** `parse` gets the trimmed text and gives undefined for what is not allowed. */
function field<Value extends string | number | boolean, Default extends Value | undefined>(
  parse: (raw: string) => Value | undefined,
  fallback: Default,
  notes: { readonly allowed: string; readonly unit?: string },
  write: (value: Value) => string = String,
): Field<Value | Default> {
  const message = `must be ${notes.allowed}`;
  return z
    .string({ error: message })
    .transform((raw, context): Value => {
      const value = parse(raw.trim());
      if (value !== undefined) return value;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .optional()
    .transform((value): Value | Default => value ?? fallback)
    .meta({
      ...notes,
      ...(fallback !== undefined && { documentedDefault: write(fallback) }),
    });
}
