import { textOf } from "./json-value.ts";

const ID_LENGTH_MAX = 255;

/**
 * A droplet id as it is compared everywhere: an integer, a numeric string as its integer, any other
 * text as it is. Null when there is none to speak of.
 */
export function readId(value: unknown): number | string | null {
  const text = textOf(value);
  return text === null || text.length > ID_LENGTH_MAX ? null : toId(text);
}

/** The id that a text stands for. */
export function toId(text: string): number | string {
  const number = Number(text);
  // Beyond 2^53 two different ids would become one number.
  return /^-?\d+$/.test(text) && Number.isSafeInteger(number) ? number : text;
}
