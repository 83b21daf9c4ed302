import type { z } from "zod";
import { readFieldNotes } from "./configuration-fields.ts";
import { scrubUrlCredentials } from "./url-credentials.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_VARIABLE = /KEY|TOKEN|PASSWORD|SECRET/i;
const SHOWN_LENGTH_MAX = 100;

/** Every wrong environment variable at once, one per line: name, what was got (secrets redacted), what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(["The configuration is wrong:", ...mistakes.map((line) => `  ${line}`)].join("\n"));
    this.mistakes = mistakes;
  }
}

/**
 * Reads a zod object whose keys are names of environment variables. Empty and blank values count as unset. Rules over
 * several variables (`schema.check`, `.superRefine`) run only once each variable is right by itself.
 *
 * @throws {ConfigurationError} naming every wrong variable
 */
export function readConfiguration<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
): z.output<Schema> {
  const sources = Object.entries(schema.shape).map(([name, field]) => {
    const { alias } = readFieldNotes(field);
    const isSecondName = alias !== undefined && isUnset(env[name]) && !isUnset(env[alias]);
    const source = isSecondName ? alias : name;
    return { name, source, value: isUnset(env[source]) ? undefined : env[source] };
  });
  const result = schema.safeParse(
    Object.fromEntries(sources.map(({ name, value }) => [name, value])),
  );
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map(({ path, message }) => {
      const found = sources.find(({ name }) => name === path[0]);
      if (!found) return message;
      const got = found.value === undefined ? "not set" : `got ${show(found.source, found.value)}`;
      return `${found.source}: ${got}, ${message}`;
    }),
  );
}

function isUnset(value: string | undefined): boolean {
  return value === undefined || value.trim() === "";
}

function show(name: string, value: string): string {
  if (SECRET_VARIABLE.test(name)) return "[redacted]";
  // A wrong value may be no URL at all (an unescaped slash in a password): here anything before an @ goes.
  const scrubbed = scrubUrlCredentials(value.replace(/:\/\/.*@/s, "://***@"));
  const isLong = scrubbed.length > SHOWN_LENGTH_MAX;
  return JSON.stringify(isLong ? `${scrubbed.slice(0, SHOWN_LENGTH_MAX)}…` : scrubbed);
}
