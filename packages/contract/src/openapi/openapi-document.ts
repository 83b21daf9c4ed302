import { TAGS } from "./endpoint.ts";
import { dropletEndpoints } from "./endpoints/droplet-endpoints.ts";
import { eventEndpoints } from "./endpoints/event-endpoints.ts";
import { manyTasksEndpoints } from "./endpoints/many-tasks-endpoints.ts";
import { messageEndpoints } from "./endpoints/message-endpoints.ts";
import { operationsEndpoints } from "./endpoints/operations-endpoints.ts";
import { selfEndpoints } from "./endpoints/self-endpoints.ts";
import { taskEndpoints } from "./endpoints/task-endpoints.ts";
import { ANSWER_HEADERS } from "./headers.ts";
import { refusalExamples } from "./refusals.ts";
import { renderOperation } from "./render-operation.ts";
import { componentSchemas } from "./schemas.ts";

const ENDPOINTS = [
  ...taskEndpoints,
  ...manyTasksEndpoints,
  ...eventEndpoints,
  ...dropletEndpoints,
  ...messageEndpoints,
  ...selfEndpoints,
  ...operationsEndpoints,
];

const DESCRIPTION = `
A durable request/reply for a mesh of HTTP services, called droplets: post a task ("call this path on that
droplet"), and wait for its result or come back for it. It is queued in Redis, tried again where that helps, and
its outcome is kept.

* Every path is served under \`/orchestrator\` and at the root. A trailing slash is the same resource.
* Every answer carries \`X-Trace-ID\`. What is refused has one shape, \`ErrorResponse\`, with a code from a closed list;
  a method that a resource does not have is 405 \`METHOD_NOT_ALLOWED\` with \`Allow\`.
* A task that ended is answered 200, whatever the droplet said: the outcome is in the body.
* Fields may be added to answers at any time; none is renamed or dropped.
* A droplet is called at least once for a task; every call carries \`Idempotency-Key: <task id>\`, so that it can
  tell a second delivery. \`"delivery": "at_most_once"\` asks for the opposite.
* Sign-in is off unless the service is configured for it (\`GET /info\` says so): then \`bearer\` or \`apiKey\`, with the
  scopes read, submit and operate. Operators sign in with a password.
`.trim();

const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "An API key, or a token of the mesh (JWT) with its scopes.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "An API key." },
  operator: {
    type: "http",
    scheme: "basic",
    description:
      "OPERATOR_USER and OPERATOR_PASSWORD; while there is no password, operators are let in from loopback alone.",
  },
};

export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, ReturnType<typeof renderOperation>>>;
  components: {
    schemas: ReturnType<typeof componentSchemas>;
    headers: Record<string, unknown>;
    examples: Record<string, unknown>;
    securitySchemes: Record<string, unknown>;
  };
}

export interface DocumentOptions {
  version: string;
  /** Where the paths begin: the prefix, or the root. */
  serverUrl: string;
}

/** The whole service in OpenAPI 3.1, from the same schemas that check its requests. */
export function openApiDocument({ version, serverUrl }: DocumentOptions): OpenApiDocument {
  const paths: OpenApiDocument["paths"] = {};
  for (const endpoint of ENDPOINTS) {
    const path = (paths[endpoint.path] ??= {});
    path[endpoint.method] = renderOperation(endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Orchestrator",
      version,
      summary: "A durable HTTP task dispatcher.",
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: serverUrl, description: "This service" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(),
      headers: ANSWER_HEADERS,
      examples: refusalExamples(),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}
