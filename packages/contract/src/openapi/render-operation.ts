import { z } from "zod";
import type { Answer, Endpoint, Example } from "./endpoint.ts";
import { headerRef, REQUEST_HEADERS, type RequestHeader } from "./headers.ts";
import { refusalResponses } from "./refusals.ts";
import { schemaRef, type SchemaName } from "./schemas.ts";
import { tidySchema, type JsonSchema } from "./tidy-schema.ts";

const PATH_PARAMETERS: Record<string, string> = {
  id: "The id of the task, or of the droplet in `/droplets/{id}/heartbeat`.",
  name: "The droplet's name, without regard to case, or its id.",
};

/** In every answer. */
const USUAL_HEADERS = ["X-Trace-ID", "X-Request-ID"] as const;

/** One endpoint as an Operation Object of OpenAPI 3.1. */
export function renderOperation(endpoint: Endpoint) {
  const { id, tag, summary, description, body } = endpoint;
  const parameters = [
    ...pathParameters(endpoint),
    ...queryParameters(endpoint),
    ...(endpoint.headers ?? []).map((name) => headerParameter(name, endpoint)),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: security(endpoint),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBody(body, endpoint) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(endpoint.answers).map(([status, answer]) => [
          status,
          response(Number(status), answer, endpoint),
        ]),
      ),
      ...refusalResponses(endpoint),
    },
  };
}

/** Where sign-in is off nobody needs any of it: the empty requirement. */
function security({ scope }: Endpoint): Record<string, string[]>[] {
  if (scope === null) return [];
  return [{}, { bearer: [scope] }, { apiKey: [scope] }, { operator: [] }];
}

function pathParameters({ path, examples }: Endpoint) {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: PATH_PARAMETERS[name],
    schema: { type: "string", minLength: 1 },
    ...pieces(examples, (example) => example.path?.[name]),
  }));
}

function queryParameters({ query, examples }: Endpoint) {
  if (!query) return [];
  const asSent = z.toJSONSchema(query, { io: "input" });
  const asRead = z.toJSONSchema(query, {
    io: "output",
    override: ({ jsonSchema }) => tidySchema(jsonSchema),
  });
  return Object.entries(asRead.properties ?? {}).map(([name, property]) => {
    const { description, ...schema } = property as JsonSchema;
    return {
      name,
      in: "query",
      required: asSent.required?.includes(name) ?? false,
      ...(description !== undefined && { description }),
      schema,
      ...pieces(examples, (example) => example.query?.[name]),
    };
  });
}

function headerParameter(name: RequestHeader, { examples }: Endpoint) {
  const { description, example } = REQUEST_HEADERS[name];
  const own = pieces(examples, ({ headers }) => headers?.[name]);
  const shown = "examples" in own ? own : { example };
  return { name, in: "header", description, schema: { type: "string" }, ...shown };
}

function requestBody(body: SchemaName, { examples }: Endpoint) {
  return {
    required: true,
    content: {
      "application/json": {
        schema: schemaRef(body),
        ...pieces(examples, (example) => example.body),
      },
    },
  };
}

function response(
  status: number,
  { description, content, headers = [] }: Answer,
  endpoint: Endpoint,
) {
  const here = Object.entries(endpoint.examples ?? {}).filter(([, one]) => one.status === status);
  const answers = pieces(Object.fromEntries(here), ({ answer }) => answer);
  return {
    description,
    headers: Object.fromEntries(
      [...USUAL_HEADERS, ...headers].map((name) => [name, headerRef(name)]),
    ),
    ...(content && {
      content: Object.fromEntries(
        Object.entries(content).map(([type, names], position) => [
          type,
          { schema: schemaOf(names), ...(position === 0 && answers) },
        ]),
      ),
    }),
  };
}

function schemaOf(names: SchemaName | SchemaName[] | null) {
  if (names === null) return { type: "string" };
  if (typeof names === "string") return schemaRef(names);
  return { anyOf: names.map((name) => schemaRef(name)) };
}

/** One piece of every example that has it. */
function pieces(
  examples: Record<string, Example> | undefined,
  pieceOf: (example: Example) => unknown,
): { examples?: Record<string, { summary: string; value: unknown }> } {
  const found = Object.entries(examples ?? {}).flatMap(([name, example]) => {
    const value = pieceOf(example);
    return value === undefined ? [] : [[name, { summary: example.summary, value }] as const];
  });
  return found.length > 0 ? { examples: Object.fromEntries(found) } : {};
}
