import type { z } from "zod";
import type { ErrorCode } from "../error-codes.ts";
import type { AnswerHeader, RequestHeader } from "./headers.ts";
import type { SchemaName } from "./schemas.ts";

export const TAGS = {
  tasks: "Submit, wait, read, list, cancel: one durable request and its reply.",
  "many tasks": "Batches and replays.",
  events: "Server-sent events: what happens to tasks, as it happens.",
  droplets: "The services of the mesh as we route by them, and what holds up their queues.",
  messages: "What droplets say to one another.",
  self: "What every droplet of the mesh tells of itself.",
  operations: "Metrics, probes, pages.",
} as const;

/**
 * One call and what comes of it. The name joins its pieces all over the document: parameters, body and answer of
 * one example are called the same.
 */
export interface Example {
  summary: string;
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  headers?: Partial<Record<RequestHeader, string>>;
  body?: unknown;
  status: number;
  answer?: unknown;
}

export interface Answer {
  description: string;
  /** One name per media type; a plain text has none. */
  content?: Record<string, SchemaName | SchemaName[] | null>;
  headers?: AnswerHeader[];
}

/** One operation of the service, in our words; `render-operation.ts` puts it into OpenAPI's. */
export interface Endpoint {
  method: "get" | "post" | "put" | "delete";
  /** Without the prefix. */
  path: string;
  id: string;
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  /** What a caller has to be allowed where sign-in is on; null is for everyone. */
  scope: "read" | "submit" | "operate" | null;
  query?: z.ZodObject;
  headers?: RequestHeader[];
  body?: SchemaName;
  answers: Record<number, Answer>;
  /** Beside those that every endpoint has. A code with a status of its own travels under that. */
  refusals?: (ErrorCode | readonly [ErrorCode, number])[];
  examples?: Record<string, Example>;
}

/** The usual answer: JSON of one shape. */
export function json(
  schema: SchemaName,
  description: string,
  headers: AnswerHeader[] = [],
): Answer {
  return { description, content: { "application/json": schema }, headers };
}
