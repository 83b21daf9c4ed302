import type { SeededRandom } from "../chaos/seeded-random.ts";
import { NASTY_TEXTS, NASTY_VALUES } from "./nasty-values.ts";

/** The words of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/** A longer text or list proves nothing that this does not. */
const LENGTH_MAX = 6000;

export interface ValueSources {
  random: SeededRandom;
  schemas: Record<string, Schema>;
  /** What the document's examples have under a name: a droplet that exists, a path it answers. */
  examplesOf: (name: string) => readonly unknown[];
}

/** Makes values by their schema: right ones, ones just past a bound, and ones of another kind. */
export class SchemaValues {
  readonly #sources: ValueSources;

  constructor(sources: ValueSources) {
    this.#sources = sources;
  }

  /**
   * @param name of the field or parameter, for its examples
   * @param slips how many of a hundred values are wrong; those inside of a list or an object count for themselves
   */
  make(schema: Schema, name: string, slips: number): unknown {
    const { random, schemas } = this.#sources;
    if (schema.$ref !== undefined) {
      return this.make(schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, name, slips);
    }
    if (this.#happens(slips)) return this.#happens(60) ? this.#justWrong(schema) : this.nasty();
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices !== undefined) return this.make(random.pick(choices), name, slips);
    if (schema.type === "object") return this.#object(schema, slips);
    if (schema.type === "array") return this.#list(schema, name, slips);
    return this.#plain(schema, name, slips);
  }

  /** Something that no schema asks for. */
  nasty(depth = 0): unknown {
    const { random } = this.#sources;
    const kind = random.between(0, depth > 3 ? 3 : 5);
    if (kind <= 2) return random.pick(NASTY_TEXTS);
    if (kind === 3) return random.pick(NASTY_VALUES);
    const count = random.between(0, 3);
    if (kind === 4) return Array.from({ length: count }, () => this.nasty(depth + 1));
    return Object.fromEntries(
      Array.from({ length: count }, () => [random.pick(NASTY_TEXTS), this.nasty(depth + 1)]),
    );
  }

  #object(schema: Schema, slips: number): Record<string, unknown> {
    const { properties = {}, required = [], additionalProperties } = schema;
    const made: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      const isNeeded = required.includes(name);
      if (isNeeded ? this.#happens(slips / 2) : this.#happens(65)) continue;
      made[name] = this.make(property, name, slips);
    }
    const isOpen = additionalProperties !== undefined && additionalProperties !== false;
    const more = isOpen || this.#happens(slips) ? this.#sources.random.between(0, 3) : 0;
    const ofMore = typeof additionalProperties === "object" ? additionalProperties : {};
    for (let n = 0; n < more; n += 1) made[this.#key(n, slips)] = this.make(ofMore, "", slips);
    return made;
  }

  #key(position: number, slips: number): string {
    return this.#happens(slips) ? this.#sources.random.pick(NASTY_TEXTS) : `x-more-${position}`;
  }

  #list({ items = {}, minItems = 0 }: Schema, name: string, slips: number): unknown[] {
    const length = this.#sources.random.between(minItems, minItems + 3);
    return Array.from({ length }, () => this.make(items, name, slips));
  }

  #plain(schema: Schema, name: string, slips: number): unknown {
    const { random, examplesOf } = this.#sources;
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    const examples = examplesOf(name);
    switch (schema.type) {
      case "boolean":
        return random.chance(0.5);
      case "null":
        return null;
      case "integer":
        return Math.round(this.#number(schema));
      case "number":
        return this.#number(schema);
      case "string":
        if (examples.length > 0 && this.#happens(85)) return random.pick(examples);
        return this.#text(schema);
      case undefined:
      default:
        // Any JSON.
        return examples.length > 0 && this.#happens(50)
          ? random.pick(examples)
          : this.nasty(4 - slips);
    }
  }

  /** Mostly small, sometimes on a bound. */
  #number({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Schema): number {
    const { random } = this.#sources;
    const near = Math.min(maximum, minimum + 1000);
    return random.pick([
      minimum,
      maximum,
      random.between(minimum, near),
      random.between(minimum, near),
    ]);
  }

  #text({ minLength = 0, maxLength = 40 }: Schema): string {
    const { random } = this.#sources;
    const length = random.pick([minLength, random.between(minLength, maxLength), maxLength]);
    return "abcdefghij-0123".repeat(LENGTH_MAX).slice(0, Math.min(length, LENGTH_MAX));
  }

  /** Of the right type, and just past what is allowed. */
  #justWrong(schema: Schema): unknown {
    const { random } = this.#sources;
    const { minLength, maxLength, minimum, maximum } = schema;
    const past = [
      ...(maxLength === undefined ? [] : ["x".repeat(Math.min(maxLength + 1, LENGTH_MAX))]),
      ...(minLength === undefined ? [] : ["x".repeat(Math.max(0, minLength - 1))]),
      ...(minimum === undefined ? [] : [minimum - 1]),
      ...(maximum === undefined ? [] : [maximum + 1]),
      ...(schema.type === "integer" ? [0.5, "1"] : []),
      ...(schema.enum === undefined
        ? []
        : [String(schema.enum[0]).toUpperCase(), [schema.enum[0]]]),
      ...(schema.type === "object" ? [[], "{}"] : []),
      ...(schema.type === "array" ? [{}, [], [[]]] : []),
    ];
    return past.length > 0 ? random.pick(past) : this.nasty();
  }

  #happens(percent: number): boolean {
    return this.#sources.random.chance(percent / 100);
  }
}
