import { z } from "zod";
import type { Answer, Endpoint, Example } from "./endpoint.ts";
import { headerRef, REQUEST_HEADERS, type RequestHeader } from "./headers.ts";
import { refusalResponses } from "./refusals.ts";
import { schemaRef, type SchemaName } from "./schemas.ts";
import { tidySchema } from "./tidy-schema.ts";

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
    ...(endpoint.headers ?? []).map((name) => headerParameter(name)),
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
    ...(endpoint.examples && { "x-examples": calls(endpoint.examples) }),
  };
}

/**
 * What of each example OpenAPI has no place for: where it is sent and what it is answered with. As values of the
 * parameters themselves they would all be filled in together wherever a page lets one try a call.
 */
function calls(examples: Record<string, Example>) {
  return Object.fromEntries(
    Object.entries(examples).map(([name, { summary, path, query, headers, status }]) => [
      name,
      {
        summary,
        status,
        ...(path && { path }),
        ...(query && { query }),
        ...(headers && { headers }),
      },
    ]),
  );
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
    example: Object.values(examples ?? {})[0]?.path?.[name],
  }));
}

function queryParameters({ query }: Endpoint) {
  if (!query) return [];
  const { required = [] } = z.toJSONSchema(query, { io: "input" });
  const { properties = {} } = z.toJSONSchema(query, {
    io: "output",
    override: ({ jsonSchema }) => tidySchema(jsonSchema),
  });
  const names = Object.keys(properties);
  return names.map((name) => queryParameter(name, properties[name], required.includes(name)));
}

/** By its value as it is read: that what is sent is text goes without saying. */
function queryParameter(
  name: string,
  property: z.core.JSONSchema._JSONSchema | undefined,
  required: boolean,
) {
  const { description, ...schema } = typeof property === "object" ? property : {};
  return {
    name,
    in: "query",
    required,
    ...(description !== undefined && { description }),
    schema,
  };
}

function headerParameter(name: RequestHeader) {
  return { name, in: "header", ...REQUEST_HEADERS[name], schema: { type: "string" } };
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
