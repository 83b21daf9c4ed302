import type { OpenApiDocument } from "@orchestrator/contract";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formatsPlugin from "ajv-formats";
import { send, type Answer, type SendOptions } from "./send.ts";

/** One way of calling an operation that the document shows. */
export interface ShownCall {
  summary: string;
  status: number;
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean>;
  headers?: Record<string, string>;
}

interface Media {
  schema: object;
  examples?: Record<string, { value?: unknown }>;
}

export interface Operation {
  method: string;
  path: string;
  operationId: string;
  security: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { headers: Record<string, unknown>; content?: Record<string, Media> }>;
  calls: Record<string, ShownCall>;
}

/** What a test changes of a shown call: values that exist here, or a mistake. */
export type CallChanges = Partial<ShownCall> & Pick<SendOptions, "body" | "json" | "method">;

/**
 * The document a service serves, as its reader takes it: what may be called and how, and whether an answer is what
 * was promised. Answers are checked more strictly than the document says: it allows fields to be added, but the
 * ones there are now have to be in it.
 */
export class ApiDocument {
  readonly document: OpenApiDocument;
  readonly operations: Operation[];
  readonly #validators = new Map<object, ValidateFunction>();
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #components: unknown;

  constructor(document: OpenApiDocument) {
    formatsPlugin.default(this.#ajv);
    this.document = document;
    this.#components = closed(document.components);
    this.operations = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        Object.assign({} as Operation, operation, {
          method: method.toUpperCase(),
          path,
          calls: (operation as { "x-examples"?: Operation["calls"] })["x-examples"] ?? {},
        }),
      ),
    );
  }

  static async fetch(api: { url: string }): Promise<ApiDocument> {
    const { body } = await send(api, "/orchestrator/openapi.json");
    return new ApiDocument(body as OpenApiDocument);
  }

  operation(id: string): Operation {
    const found = this.operations.find(({ operationId }) => operationId === id);
    if (found === undefined) throw new Error(`the document has no operation ${id}`);
    return found;
  }

  /** Sends a call as it is shown, but for the changes. */
  async call(
    api: { url: string },
    operation: Operation,
    name: string | null,
    changes: CallChanges = {},
  ): Promise<Answer> {
    const shown = name === null ? undefined : operation.calls[name];
    const { path: values, query, headers } = { ...shown, ...changes };
    const media = operation.requestBody?.content["application/json"];
    const body = name === null ? undefined : media?.examples?.[name]?.value;
    return await send(api, url(operation.path, { ...shown?.path, ...values }, query), {
      method: changes.method ?? operation.method,
      headers: { ...headers },
      ...(changes.body !== undefined && { body: changes.body }),
      ...(changes.body === undefined && { json: changes.json ?? body }),
    });
  }

  /** What of an answer is not as the document says; empty when all is. */
  complaints(operation: Operation, answer: Pick<Answer, "status" | "headers" | "body">): string[] {
    const response = operation.responses[String(answer.status)];
    if (response === undefined) return [`status ${answer.status} is not in the document`];
    const missing = ["x-trace-id", "x-request-id"].filter((name) => !answer.headers[name]);
    const type = answer.headers["content-type"]?.split(";")[0] ?? "";
    const media = response.content?.[type];
    if (response.content !== undefined && media === undefined) {
      return [...missing, `${type} is not in the document`];
    }
    return [...missing, ...(media ? this.#mismatches(media.schema, answer.body) : [])];
  }

  #mismatches(schema: object, value: unknown): string[] {
    const known = this.#validators.get(schema);
    const validate =
      known ?? this.#ajv.compile({ allOf: [closed(schema)], components: this.#components });
    this.#validators.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath || "the body"} ${message} ${JSON.stringify(params)}`,
    );
  }
}

function url(path: string, values: Record<string, string>, query: ShownCall["query"] = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? `no-${name}`),
  );
  const texts = Object.entries(query).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const search = new URLSearchParams(texts).toString();
  return `/orchestrator${filled}${search && `?${search}`}`;
}

/** The same schema, but objects have no other properties than it names. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isOpen = copy["properties"] !== undefined && copy["additionalProperties"] === undefined;
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}
