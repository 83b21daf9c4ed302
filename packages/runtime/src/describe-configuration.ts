import { z } from "zod";
import { readFieldNotes } from "./configuration-fields.ts";

/** One environment variable as documentation shows it. */
export interface ConfigurationRow {
  readonly name: string;
  /** What applies when it is unset, for a reader: `30`, `1MB`, `none`, `TASK_TIMEOUT + 5`. */
  readonly default: string;
  /** What an env file would hold to say the same; empty when no literal does. */
  readonly example: string;
  readonly description: string;
  readonly unit?: string;
  readonly allowed?: string;
}

/**
 * The rows of a configuration schema, in its order.
 *
 * @throws {Error} for a variable that nobody described
 */
export function describeConfiguration(schema: z.ZodObject): ConfigurationRow[] {
  return Object.entries(schema.shape).map(([name, field]) => describeField(name, field));
}

function describeField(name: string, field: z.core.$ZodType): ConfigurationRow {
  const { description, unit, allowed, alias, documentedDefault } = readFieldNotes(field);
  if (!description) throw new Error(`Configuration variable ${name} has no .describe(…)`);
  const unset = z.safeParse(field, undefined);
  const hasDefault = unset.success && unset.data !== undefined;
  const literal = hasDefault ? (documentedDefault ?? String(unset.data)) : "";
  return {
    name,
    default: documentedDefault ?? (literal || "none"),
    example: literal,
    description: alias ? `${description} (also read as ${alias})` : description,
    ...(unit && { unit }),
    ...(allowed && { allowed }),
  };
}
