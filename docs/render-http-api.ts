import { format } from "oxfmt";
import { openApiDocument } from "@orchestrator/contract";
import { describeSchema, renderSchema, type Schema } from "./render-schema.ts";
import { table } from "./render-table.ts";

type Examples = Record<string, { summary: string; value: unknown }>;

interface Operation {
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema: Schema;
  }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<
    string,
    { description: string; headers: object; content?: Record<string, Media> }
  >;
  "x-examples"?: Record<
    string,
    {
      summary: string;
      status: number;
      path?: Record<string, string>;
      query?: Record<string, unknown>;
      headers?: Record<string, string>;
    }
  >;
}

interface Media {
  schema: Schema;
  examples?: Examples;
}

/** The document as whoever fetches it finds it. */
interface FetchedDocument {
  info: { description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    headers: Record<string, { description: string }>;
    examples: Examples;
  };
}

/** Where the examples of all documents are sent. */
const BASE = "http://127.0.0.1:8001/orchestrator";

const INTRODUCTION = `
# HTTP API

Made by \`npm run generate\` from the same schemas that check each request, and served by every API process as
OpenAPI 3.1 at \`/orchestrator/openapi.json\`, with a page to try it at \`/orchestrator/docs\`. A test makes
every call that is shown below and checks what comes against its status and schema. Sign-in, where it is on, comes on top.
`;

/** `docs/http-api.md`: every operation, parameter, status, refusal and example of the OpenAPI document. */
export async function renderHttpApi(): Promise<string> {
  const served = openApiDocument({ version: "", serverUrl: "/orchestrator" });
  const document: FetchedDocument = JSON.parse(JSON.stringify(served));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const tags = document.tags.flatMap(({ name, description }) => [
    `## ${capitalised(name)}`,
    description,
    ...operations
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ title, operation }) => renderOperation(title, operation)),
  ]);
  const text = [
    INTRODUCTION,
    document.info.description,
    table(
      ["Operation", "Does", "Scope"],
      operations.map(({ title, operation }) => [
        `[\`${title}\`](#${anchorOf(title)})`,
        operation.summary,
        scopeOf(operation),
      ]),
    ),
    ...tags,
    renderRefusals(document),
    renderHeaders(document),
    "## Schemas",
    "A field marked with * is always there.",
    ...Object.entries(document.components.schemas).map(
      ([name, schema]) => `### ${name}\n\n${renderSchema(schema)}`,
    ),
  ].join("\n\n");
  const { code } = await format("http-api.md", text, { printWidth: 100 });
  return code;
}

function renderOperation(title: string, operation: Operation): string {
  const { summary, description, parameters, requestBody } = operation;
  const responses = Object.entries(operation.responses);
  return [
    `### ${title}`,
    `${summary}. Scope: ${scopeOf(operation)}.`,
    description ?? "",
    parameters
      ? table(
          ["Parameter", "In", "Type", "Meaning"],
          parameters.map((one) => [
            `\`${one.name}\`${one.required ? " *" : ""}`,
            one.in,
            describeSchema(one.schema),
            one.description ?? "",
          ]),
        )
      : "",
    requestBody
      ? `Body: ${describeSchema(requestBody.content["application/json"]?.schema ?? {})}, as JSON.`
      : "",
    table(
      ["Status", "Means", "Body", "Headers"],
      responses.map(([status, response]) => [
        status,
        response.description,
        bodyOf(response.content),
        Object.keys(response.headers)
          .filter((name) => !["X-Trace-ID", "X-Request-ID"].includes(name))
          .map((name) => `\`${name}\``)
          .join(", "),
      ]),
    ),
    ...Object.keys(operation["x-examples"] ?? {}).map((name) =>
      renderExample(title, operation, name),
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The call as one would type it, and what it is answered with. */
function renderExample(title: string, operation: Operation, name: string): string {
  const call = operation["x-examples"]?.[name];
  if (call === undefined) return "";
  const [method = "", template = ""] = title.split(" ");
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => call.path?.[key] ?? key);
  const search = new URLSearchParams(
    Object.fromEntries(
      Object.entries(call.query ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  );
  const query = search.size > 0 ? `?${search.toString()}` : "";
  const body = operation.requestBody?.content["application/json"]?.examples?.[name]?.value;
  const flags = [
    ...(method === "GET" || (method === "POST" && body !== undefined) ? [] : [`-X ${method}`]),
    ...Object.entries(call.headers ?? {}).map(([key, value]) => `-H '${key}: ${value}'`),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body)}'`]),
  ];
  const answer = answerOf(operation, call.status, name);
  return [
    `**${call.summary}**`,
    fence("sh", ["curl -s", ...flags, `'${BASE}${path}${query}'`].join(" ")),
    answer === undefined
      ? `is answered ${call.status}.`
      : `is answered ${call.status}:\n\n${typeof answer === "string" ? fence("text", answer) : fence("json", JSON.stringify(answer, null, 2))}`,
  ].join("\n\n");
}

function answerOf({ responses }: Operation, status: number, name: string): unknown {
  const content = Object.entries(responses).find(([code]) => code === String(status))?.[1].content;
  for (const media of Object.values(content ?? {})) {
    const value = media.examples?.[name]?.value;
    if (value !== undefined) return value;
  }
  return undefined;
}

function bodyOf(content: Record<string, Media> | undefined): string {
  const parts = Object.entries(content ?? {}).map(([type, { schema }]) =>
    type === "application/json" ? describeSchema(schema) : `\`${type}\`: ${describeSchema(schema)}`,
  );
  return parts.join("; ");
}

function renderRefusals({ components }: FetchedDocument): string {
  const parts = Object.entries(components.examples).map(
    ([code, { summary, value }]) =>
      `### ${code}\n\nWhen ${summary}.\n\n${fence("json", JSON.stringify(value, null, 2))}`,
  );
  return ["## Refusals", ...parts].join("\n\n");
}

function renderHeaders({ components }: FetchedDocument): string {
  const rows = Object.entries(components.headers).map(([name, header]) => [
    `\`${name}\``,
    header.description,
  ]);
  return `## Answer headers\n\n${table(["Header", "Meaning"], rows)}`;
}

function scopeOf({ security }: Operation): string {
  const bearer = security.find((one) => one["bearer"] !== undefined)?.["bearer"];
  return bearer?.[0] ?? "none";
}

/** As GitHub makes it from a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
