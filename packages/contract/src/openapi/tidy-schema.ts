import type { z } from "zod";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * Takes out of one schema what says nothing to a reader: the bounds of a safe integer, the long pattern behind
 * `date-time`, that names of properties are strings. An answer may gain fields: it is not closed either.
 */
export function tidySchema(schema: JsonSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format === "date-time") delete schema.pattern;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  const { propertyNames } = schema;
  if (typeof propertyNames === "object" && propertyNames.enum === undefined) {
    delete schema.propertyNames;
  }
}
