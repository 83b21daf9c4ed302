import type { SeededRandom } from "../chaos/seeded-random.ts";
import type { ApiDocument, Operation } from "../support/api-document.ts";
import { NASTY_HEADERS, NASTY_SEGMENTS, NASTY_TEXTS } from "./nasty-values.ts";
import { SchemaValues, type Schema } from "./schema-values.ts";

export interface GeneratedRequest {
  /** What it was made for; null when its method or its place is another than the document's. */
  operation: Operation | null;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/** Of a hundred values so many are wrong: none, so that a request gets far; one or two; most. */
const SLIPS = [0, 0, 15, 15, 60];

/** Newest first in, oldest out: tasks that can be read, cancelled and replayed. */
const IDS_MAX = 50;

/** Makes requests by the document that the service serves: for every operation and each of its parameters. */
export class RequestGenerator {
  readonly #random: SeededRandom;
  readonly #operations: readonly Operation[];
  readonly #values: SchemaValues;
  readonly #ids = ["550e8400-e29b-41d4-a716-446655440000"];

  constructor({ document, operations }: ApiDocument, random: SeededRandom) {
    const examples = new Map<string, unknown[]>();
    for (const { requestBody } of operations) {
      const shown = requestBody?.content["application/json"]?.examples ?? {};
      for (const { value } of Object.values(shown)) collectByName(value, examples);
    }
    this.#random = random;
    this.#operations = operations;
    this.#values = new SchemaValues({
      random,
      schemas: document.components.schemas as Record<string, Schema>,
      examplesOf: (name) => (/^(?:task_)?id$/.test(name) ? this.#ids : (examples.get(name) ?? [])),
    });
  }

  /** Takes the ids of tasks from an answer: what follows can then be about tasks that exist. */
  learn(answer: string): void {
    const id = /"task_id":"([0-9a-f-]{36})"/.exec(answer)?.[1];
    if (id === undefined) return;
    this.#ids.unshift(id);
    this.#ids.length = Math.min(this.#ids.length, IDS_MAX);
  }

  next(): GeneratedRequest {
    const operation = this.#random.pick(this.#operations);
    const slips = this.#random.pick(SLIPS);
    const isElsewhere = this.#happens(slips / 4);
    const isOtherMethod = this.#happens(slips / 4);
    const method = isOtherMethod ? this.#random.pick(METHODS) : operation.method;
    const place = isElsewhere
      ? `/${this.#random.pick(NASTY_TEXTS)}`
      : this.#place(operation, slips);
    const prefix = this.#happens(slips / 8)
      ? "/ORCHESTRATOR/orchestrator"
      : this.#random.pick(["", "/orchestrator"]);
    const body = method === "GET" || method === "HEAD" ? null : this.#body(operation, slips);
    return {
      operation: isElsewhere || isOtherMethod || place.includes("..") ? null : operation,
      method,
      path: sendable(`${prefix}${place}${this.#query(operation, slips)}`),
      headers: {
        ...this.#headers(operation, slips),
        ...(body !== null && this.#contentType(slips)),
      },
      body,
    };
  }

  #place({ path, operationId }: Operation, slips: number): string {
    return path.replaceAll(/\{(\w+)\}/g, () => {
      if (this.#happens(slips)) return this.#random.pick(NASTY_SEGMENTS);
      const isDroplet = path.startsWith("/droplets") || operationId.startsWith("droplet");
      return isDroplet
        ? this.#random.pick(["echo", "registry", "2"])
        : this.#random.pick(this.#ids);
    });
  }

  #query({ parameters = [] }: Operation, slips: number): string {
    const asked = this.#filled(parameters, "query", slips);
    if (this.#happens(slips / 2))
      asked.push([this.#random.pick(NASTY_TEXTS), this.#values.nasty()]);
    const texts = asked.map(([name, value]) => `${encode(name)}=${encode(textOf(value))}`);
    return texts.length > 0 ? `?${texts.join("&")}` : "";
  }

  #headers({ parameters = [] }: Operation, slips: number): Record<string, string> {
    const filled = this.#filled(parameters, "header", slips);
    for (let n = this.#happens(slips) ? this.#random.between(0, 3) : 0; n > 0; n -= 1)
      filled.push([this.#random.pick(NASTY_HEADERS), this.#random.pick(NASTY_TEXTS)]);
    const texts = filled.map(([name, value]) => [name.toLowerCase(), headerText(textOf(value))]);
    return Object.fromEntries(texts) as Record<string, string>;
  }

  #filled(
    parameters: NonNullable<Operation["parameters"]>,
    place: "query" | "header",
    slips: number,
  ): [name: string, value: unknown][] {
    return parameters
      .filter((one) => one.in === place && (one.required === true || this.#happens(30)))
      .map(({ name, schema }) => [name, this.#values.make(schema ?? {}, name, slips)]);
  }

  /** What the schema asks for, now and then cut short, nested without end, or not asked for at all. */
  #body({ requestBody }: Operation, slips: number): string | null {
    const schema = requestBody?.content["application/json"]?.schema;
    if (schema === undefined && !this.#happens(slips)) return null;
    if (this.#happens(slips / 10)) return null;
    const value =
      schema === undefined ? this.#values.nasty() : this.#values.make(schema, "", slips);
    const text = JSON.stringify(value);
    if (!this.#happens(slips / 5)) return text;
    return this.#happens(50)
      ? text.slice(0, this.#random.between(0, text.length))
      : `${"[".repeat(this.#random.between(0, 5000))}${text}`;
  }

  #contentType(slips: number): Record<string, string> {
    if (this.#happens(slips / 10)) return {};
    return { "content-type": this.#happens(slips / 4) ? "text/plain" : "application/json" };
  }

  #happens(percent: number): boolean {
    return this.#random.chance(percent / 100);
  }
}

function collectByName(value: unknown, into: Map<string, unknown[]>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    if (!Array.isArray(value)) into.set(name, [...(into.get(name) ?? []), one]);
    collectByName(one, into);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** What Node's client would refuse to send itself is for the raw bytes. */
function sendable(path: string): string {
  return path.replaceAll(/[^\x21-\x7e]/g, "%01");
}

function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "");
}
