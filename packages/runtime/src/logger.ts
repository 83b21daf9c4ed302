import { pino } from "pino";
import type { DestinationStream, Logger, LoggerOptions } from "pino";
import { isPlainObject, redactionOf, type Redaction } from "./redaction.ts";
import { openTurnWriter } from "./turn-writer.ts";
import { scrubUrlCredentials } from "./url-credentials.ts";

export type { Logger };

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerSettings {
  readonly service: string;
  readonly version: string;
  readonly level: LogLevel;
  /** REDACT_FIELDS: the names of fields that are secret beside those that always are, by comma. */
  readonly redactFields?: string | undefined;
  /** Standard output unless given; tests pass a stream that collects lines. */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes one JSON line per event:
 *
 *     log.info({ event: "attempt.finished", task_id, trace_id, droplet, duration_ms }, "optional prose")
 *
 * `event` is `noun.pastVerb`, fields are snake_case with their unit last, ids are always there, and an error goes under
 * `err`. Every line has time (ISO 8601), level (a word), service, version and pid. Secrets are redacted here and nowhere
 * else: see redaction.ts. Lines are written at the end of the turn of the event loop they belong to, a fatal one at once
 * with those before it.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const { service, version, level, destination } = settings;
  const redaction = redactionOf(settings.redactFields);
  const options: LoggerOptions = {
    level,
    base: { service, version, pid: process.pid },
    timestamp: timeOfLine,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => redactFields(fields, redaction),
    },
    serializers: bindingSerializers(redaction),
    hooks: { streamWrite: scrubUrlCredentials },
  };
  return pino(options, destination ?? openTurnWriter());
}

let written = { atMs: 0, text: "" };

/** As pino's isoTime; lines of the same millisecond share its text. */
function timeOfLine(): string {
  const atMs = Date.now();
  if (atMs !== written.atMs) {
    written = { atMs, text: `,"time":"${new Date(atMs).toISOString()}"` };
  }
  return written.text;
}

/** pino passes what `log.child({…})` binds through serializers alone, never through the `log` formatter. */
function bindingSerializers({
  names,
  redactField,
}: Redaction): NonNullable<LoggerOptions["serializers"]> {
  return Object.fromEntries(
    [...names, "err", "headers", "payload", "body"].map((name) => [
      name,
      (value: unknown) => redactField(name, value),
    ]),
  );
}

function redactFields(
  fields: Record<string, unknown>,
  { redactField }: Redaction,
): Record<string, unknown> {
  let redacted = fields;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const shown = hasOwnSerializer(value) ? value : redactField(name, value);
    if (shown === value) continue;
    // Most lines have nothing to hide, and stay as they are.
    if (redacted === fields) redacted = { ...fields };
    redacted[name] = shown;
  }
  return redacted;
}

/** Instances of classes (pino-http's request and response) are left whole for the serializer of their field. */
function hasOwnSerializer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || value instanceof Error || ArrayBuffer.isView(value)) return false;
  return !isPlainObject(value);
}
