import { table } from "./render-table.ts";

/** As much of JSON Schema as our schemas use. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

/** The fields of an object as a table, those inside it named `outer.inner`; anything else in one line. */
export function renderSchema(schema: Schema): string {
  const about = schema.description === undefined ? "" : `${schema.description}\n\n`;
  const rows = fieldsOf(schema);
  if (rows.length === 0) return `${about}${describeSchema(schema)}`;
  return about + table(["Field", "Type", "Default", "Meaning"], rows);
}

/** A type in words, with its bounds: `integer, 0 to 20`. A named schema is a link to it. */
export function describeSchema(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/components/schemas/", "");
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map((value) => code(value)).join(", ");
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return choices.map((choice) => describeSchema(choice)).join(" or ");
  const types = [schema.type ?? "any JSON"].flat();
  return [types.map((type) => describeType(type, schema)).join(" or "), ...boundsOf(schema)].join(
    ", ",
  );
}

function describeType(type: string, { items, additionalProperties }: Schema): string {
  if (type === "array" && items) return `array of ${describeSchema(items)}`;
  if (type === "object" && typeof additionalProperties === "object") {
    return `object of ${describeSchema(additionalProperties)}`;
  }
  return type;
}

function boundsOf(schema: Schema): string[] {
  return [
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " of them"),
    schema.exclusiveMinimum === undefined ? "" : `above ${schema.exclusiveMinimum}`,
    schema.exclusiveMaximum === undefined ? "" : `below ${schema.exclusiveMaximum}`,
  ].filter((bound) => bound !== "");
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  const isOpen = max === undefined || max >= Number.MAX_SAFE_INTEGER;
  const isUnbounded = min === undefined || min <= Number.MIN_SAFE_INTEGER;
  if (isOpen && isUnbounded) return "";
  if (isOpen) return `at least ${min}${unit}`;
  if (isUnbounded) return `at most ${max}${unit}`;
  return `${min} to ${max}${unit}`;
}

function fieldsOf({ properties = {}, required = [] }: Schema, prefix = ""): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const inner = field.properties
      ? fieldsOf(field, `${path}.`)
      : fieldsOf(field.items ?? {}, `${path}[].`);
    const own = [
      `\`${path}\`${required.includes(name) ? " *" : ""}`,
      describeSchema(field),
      field.default === undefined ? "" : code(field.default),
      field.description ?? "",
    ];
    return [own].concat(inner);
  });
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
