import { parse, type ParsedUrlQuery } from "node:querystring";

let lastText = "";
let last: Readonly<ParsedUrlQuery> = Object.freeze(parse(lastText));

/**
 * As Express reads a query by itself, but not anew each time that `request.query` is asked for, nor for the next request
 * that asks the same.
 */
export function readQuery(text: string | undefined): Readonly<ParsedUrlQuery> {
  const asked = text ?? "";
  if (asked !== lastText) {
    last = Object.freeze(parse(asked));
    lastText = asked;
  }
  return last;
}
