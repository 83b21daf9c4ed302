import type { z } from "zod";
import { ConfigurationError, readConfiguration, type Environment } from "./read-configuration.ts";

/** For `main.ts`: a wrong configuration is told in plain words, and the process ends before it opened anything. */
export function readConfigurationOrExit<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
): z.output<Schema> {
  try {
    return readConfiguration(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
