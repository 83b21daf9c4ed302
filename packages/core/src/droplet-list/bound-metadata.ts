import { isJsonObject } from "./json-value.ts";

const METADATA_CHARACTERS_MAX = 16 * 1024;
const METADATA_DEPTH_MAX = 16;

/**
 * An entry's metadata, or a mark in its place when it is larger than 16 K characters of JSON, nested
 * more than 16 deep or not JSON at all. A thousand droplets are copied to Redis, to disk and into
 * every list, and a very deep value would overflow the stack of whoever writes it out.
 */
export function boundMetadata(metadata: unknown): Record<string, unknown> {
  if (!isJsonObject(metadata)) return {};
  if (!isShallowJson(metadata, METADATA_DEPTH_MAX)) return { _truncated: true };
  return JSON.stringify(metadata).length > METADATA_CHARACTERS_MAX
    ? { _truncated: true }
    : metadata;
}

function isShallowJson(value: unknown, depthLeft: number): boolean {
  if (typeof value === "object" && value !== null) {
    return depthLeft > 0 && Object.values(value).every((v) => isShallowJson(v, depthLeft - 1));
  }
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
