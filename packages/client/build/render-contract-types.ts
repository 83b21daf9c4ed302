import { ERROR_CODES, openApiDocument, TASK_ERROR_CODES } from "@orchestrator/contract";

/** The schemas a caller meets, by the file their types go into. */
const FILES = {
  tasks: [
    "TaskRequest",
    "TaskResult",
    "TaskAccepted",
    "TaskError",
    "AttemptRecord",
    "TaskRecord",
    "TaskPage",
    "TaskExplanation",
    "TaskEvent",
    "EventsReset",
  ],
  "many-tasks": ["BatchAnswer", "ReplayRequest", "ReplayCount", "ReplayAnswer"],
  droplets: [
    "DropletEntry",
    "DropletList",
    "DropletDetail",
    "DropletSwitches",
    "LimitsRequest",
    "CircuitRequest",
    "AuditPage",
  ],
  service: ["Health", "State", "Info", "Version", "Probe", "MetricsAnswer", "ErrorResponse"],
} as const;

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
  description?: string;
}

const HEAD = `/** Written by \`npm run generate\` from packages/contract, so that the published package needs nothing else. */\n`;

/** Closed lists that have a name of their own, by what they are spelled out as. */
const NAMED = new Map([
  [union(ERROR_CODES), "ErrorCode"],
  [union(TASK_ERROR_CODES), "TaskErrorCode"],
]);

/** Each generated file of the client, from the repository's root, and its text before it is formatted. */
export function renderContractTypes(): Record<string, string> {
  const { schemas } = openApiDocument({ version: "", serverUrl: "" }).components;
  const rendered: Record<string, string> = { "error-codes": renderErrorCodes() };
  for (const [file, names] of Object.entries(FILES)) {
    const types = names.map((name) => renderType(name, asSchema(schemas[name])));
    const body = types.join("\n");
    rendered[file] = HEAD + renderImports(file, body) + body;
  }
  return Object.fromEntries(
    Object.entries(rendered).map(([file, text]) => [
      `packages/client/src/contract/${file}.ts`,
      text,
    ]),
  );
}

/** What the contract's document holds is JSON Schema: that is how it is read here. */
function asSchema(schema: unknown): Schema {
  if (typeof schema === "object" && schema !== null) return schema;
  throw new Error("the contract's document lacks a schema that the client is to have");
}

function renderErrorCodes(): string {
  return `${HEAD}
/** Every code a refused request can carry. */
export type ErrorCode = ${union(ERROR_CODES)};

/** Why a task that was accepted did not end as \`success\`. */
export type TaskErrorCode = ${union(TASK_ERROR_CODES)};
`;
}

function renderType(name: string, schema: Schema): string {
  return schema.properties
    ? `${comment(schema)}export interface ${name} ${objectType(schema)}\n`
    : `${comment(schema)}export type ${name} = ${typeOf(schema)};\n`;
}

/** Types of other files, as far as the text names them. */
function renderImports(file: string, text: string): string {
  const places: [file: string, names: readonly string[]][] = [
    ["error-codes", [...NAMED.values()]],
    ...Object.entries(FILES),
  ];
  return places
    .filter(([place]) => place !== file)
    .map(([place, names]) => {
      const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
      return used.length > 0 ? `import type { ${used.join(", ")} } from "./${place}.ts";\n` : "";
    })
    .join("");
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return NAMED.get(union(schema.enum)) ?? union(schema.enum);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map(primitive).join(" | ");
  if (schema.type === "array") return `(${typeOf(schema.items ?? {})})[]`;
  if (schema.type === "object") return objectType(schema);
  return schema.type === undefined ? "unknown" : primitive(schema.type);
}

function objectType({ properties, required, propertyNames, additionalProperties }: Schema): string {
  if (properties) {
    const needed = new Set(required);
    const fields = Object.entries(properties).map(
      ([name, field]) =>
        `${comment(field)}${name}${needed.has(name) ? "" : "?"}: ${typeOf(field)};`,
    );
    return `{\n${fields.join("\n")}\n}`;
  }
  const value = typeof additionalProperties === "object" ? typeOf(additionalProperties) : "unknown";
  return `Record<${propertyNames ? typeOf(propertyNames) : "string"}, ${value}>`;
}

function primitive(type: string): string {
  return type === "integer" ? "number" : type;
}

function union(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" | ");
}

function comment({ description }: Schema): string {
  return description === undefined ? "" : `/** ${description} */\n`;
}
