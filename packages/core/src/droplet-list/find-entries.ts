import { isJsonObject } from "./json-value.ts";

export interface FoundEntry {
  /** For the log: where in the answer the entry stood, such as `data.droplets[3]`. */
  where: string;
  /** The dictionary's key, null in an array. */
  key: string | null;
  value: unknown;
}

type Found = { kind: "entries"; entries: FoundEntry[] } | { kind: "unusable"; reason: string };

const ENVELOPES = ["droplets", "registry", "services", "data", "payload"];
const ENVELOPE_DEPTH_MAX = 5;
const KEY_SHOWN_MAX = 64;

/**
 * Finds the list of entries in a Registry's answer: a bare array, an envelope (nested too) or a
 * dictionary keyed by name or host. What is none of these is foreign: better a failed sync, which
 * is seen and keeps the good list, than a list made out of an error page.
 */
export function findEntries(answer: unknown): Found {
  return search(answer, "", 0);
}

function search(value: unknown, where: string, depth: number): Found {
  if (depth > ENVELOPE_DEPTH_MAX) return unusable("the list is nested too deeply");
  if (Array.isArray(value)) return arrayEntries(value, where);
  if (!isJsonObject(value)) return unusable(`${place(where)} is not a list or an object`);
  let failure: Found | null = null;
  for (const name of ENVELOPES) {
    const inner = value[name];
    if (!isContainer(inner)) continue;
    const found = search(inner, where === "" ? name : `${where}.${name}`, depth + 1);
    if (found.kind === "entries") return found;
    failure ??= found;
  }
  return failure ?? dictionaryEntries(value, where);
}

/**
 * A dictionary may hold a droplet named `registry` or `data`: its value describes one thing, so it
 * is an entry and not an envelope.
 */
function isContainer(value: unknown): boolean {
  return Array.isArray(value) || (isJsonObject(value) && !describesOneThing(value));
}

function arrayEntries(list: unknown[], where: string): Found {
  if (list.length === 0) return unusable(`${place(where)} is empty`);
  const entries = Array.from(list, (value: unknown, index) => ({
    where: `${where}[${index}]`,
    key: null,
    value,
  }));
  return { kind: "entries", entries };
}

function dictionaryEntries(object: Record<string, unknown>, where: string): Found {
  const pairs = Object.entries(object);
  if (pairs.length === 0) return unusable(`${place(where)} is empty`);
  if (describesOneThing(object)) return unusable(`${place(where)} is one description, not a list`);
  if (reportsFailure(object)) return unusable(`${place(where)} is an error report`);
  // Some scalars beside the entries (a count, a broken entry) are skipped; an object made mostly of
  // scalars is somebody's status page.
  const objects = pairs.filter(([, value]) => isJsonObject(value)).length;
  if (objects === 0 || objects * 2 < pairs.length) {
    return unusable(`${place(where)} holds no droplets`);
  }
  const entries = pairs.map(([key, value]) => ({
    where: `${where}[${JSON.stringify(key.slice(0, KEY_SHOWN_MAX))}]`,
    key,
    value,
  }));
  return { kind: "entries", entries };
}

function describesOneThing(object: Record<string, unknown>): boolean {
  const metadata = object["metadata"];
  if (isJsonObject(metadata) && (isScalar(metadata["name"]) || isScalar(metadata["endpoint"]))) {
    return true;
  }
  return ["id", "name", "endpoint", "url", "fqdn", "host", "ip"].some((k) => isScalar(object[k]));
}

function reportsFailure(object: Record<string, unknown>): boolean {
  if (["error", "detail", "message"].some((key) => isScalar(object[key]))) return true;
  return object["success"] === false || /^(error|fail)/i.test(String(scalar(object["status"])));
}

function isScalar(value: unknown): boolean {
  return scalar(value) !== null;
}

function scalar(value: unknown): string | number | null {
  return typeof value === "string" || typeof value === "number" ? value : null;
}

function place(where: string): string {
  return where === "" ? "the answer" : where;
}

function unusable(reason: string): Found {
  return { kind: "unusable", reason };
}
