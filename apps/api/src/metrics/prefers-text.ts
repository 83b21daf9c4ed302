const TEXT_TYPES = new Set(["text/plain", "application/openmetrics-text"]);
const JSON_TYPES = new Set(["application/json", "application/*", "*/*"]);

/**
 * Whether an Accept header (RFC 9110) would rather have Prometheus's text than JSON; where both are as welcome it
 * is JSON. Scrapers name versions of the text as parameters of the type (`text/plain;version=0.0.4`): by the letter
 * those match no type without them, which is why Express's own negotiation is of no use here.
 */
export function prefersText(accept: string | undefined): boolean {
  const ranges = (accept ?? "*/*").split(",").map((range) => parseRange(range));
  const weightOf = (types: ReadonlySet<string>): number =>
    Math.max(0, ...ranges.filter(({ type }) => types.has(type)).map(({ weight }) => weight));
  return weightOf(TEXT_TYPES) > weightOf(JSON_TYPES);
}

function parseRange(range: string): { type: string; weight: number } {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  return { type, weight: weight === undefined ? 1 : Number(weight) || 0 };
}
