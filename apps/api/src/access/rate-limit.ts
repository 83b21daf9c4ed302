/** So many requests per so many seconds, for each caller. */
export interface RateLimit {
  max: number;
  perS: number;
}

/** `100/60`: a hundred requests in sixty seconds; null for anything else. */
export function parseRateLimit(text: string): RateLimit | null {
  const [, max, perS] = /^(\d{1,9})\/(\d{1,6})$/.exec(text) ?? [];
  const limit = { max: Number(max), perS: Number(perS) };
  return limit.max > 0 && limit.perS > 0 ? limit : null;
}
