/** A `traceparent` header as W3C Trace Context (levels 1 and 2) defines it. */
export interface Traceparent {
  /** 32 lower-case hexadecimal digits, not all zero. */
  traceId: string;
  /** 16 of them: the caller's span. */
  spanId: string;
  flags: number;
}

/** What core may not do itself. Both answer lower-case hexadecimal digits. */
export interface HexSources {
  randomHex: (bytes: number) => string;
  /** At least 32 digits, always the same for the same text: a SHA-256. */
  hashHex: (text: string) => string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const WELL_FORMED_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const FLAG_SAMPLED = 0x01;
/** sampled (level 1) and random (level 2); the others have no meaning in version 00 and must be sent as 0. */
const FLAGS_KNOWN = 0x03;

/**
 * Reads a traceparent; null when it is malformed and a new trace is to be begun. Of a version newer
 * than 00 the known part is read, as the standard asks.
 */
export function parseTraceparent(header: string | undefined): Traceparent | null {
  const [, version, traceId = "", spanId = "", flags, rest] = TRACEPARENT.exec(header ?? "") ?? [];
  if (version === undefined || version === "ff") return null;
  if (version === "00" && rest !== undefined) return null;
  if (isZero(traceId) || isZero(spanId)) return null;
  return { traceId, spanId, flags: Number(`0x${flags}`) };
}

/** The header that carries a trace on to a droplet, with our own span as its parent. */
export function childTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-${(flags & FLAGS_KNOWN).toString(16).padStart(2, "0")}`;
}

/**
 * The trace id of a request: from the first of the three headers that is well formed, null when none is
 * and the caller is to make one up. Ids end up in headers and log lines: hence the narrow alphabet.
 */
export function traceIdOf(headers: {
  traceparent?: string | undefined;
  xTraceId?: string | undefined;
  xRequestId?: string | undefined;
}): string | null {
  const parent = parseTraceparent(headers.traceparent);
  if (parent !== null) return parent.traceId;
  const ids = [headers.xTraceId, headers.xRequestId];
  return ids.find((id) => id !== undefined && WELL_FORMED_ID.test(id)) ?? null;
}

/**
 * A traceparent for a trace that came without one. A UUID or 32 hexadecimal digits are the trace id
 * themselves, any other id is hashed: every attempt of a task belongs to one trace. It is marked as
 * sampled, or droplets that follow their parent's choice would record nothing of it.
 */
export function toTraceparent(traceId: string, { randomHex, hashHex }: HexSources): string {
  const lower = traceId.toLowerCase();
  const digits = UUID.test(lower) ? lower.replaceAll("-", "") : lower;
  const isUsable = /^[0-9a-f]{32}$/.test(digits) && !isZero(digits);
  const id = isUsable ? digits : hashHex(traceId).slice(0, 32);
  return childTraceparent(id, randomHex(8), FLAG_SAMPLED);
}

function isZero(digits: string): boolean {
  return /^0+$/.test(digits);
}
