import { parseEndpoint } from "../target-address/parse-endpoint.ts";
import { boundMetadata } from "./bound-metadata.ts";
import type { Droplet } from "./droplet.ts";
import { findEndpoint, isHost } from "./find-endpoint.ts";
import { isJsonObject, textOf } from "./json-value.ts";
import { readId, toId } from "./read-id.ts";
import { readTimestamp } from "./read-timestamp.ts";

export type ReadEntry =
  | { kind: "droplet"; droplet: Droplet; updatedAtMs: number | null }
  | { kind: "skipped"; reason: string };

const NAME_LENGTH_MAX = 255;
const CAPABILITIES_MAX = 100;

/** One entry of a Registry's list as a droplet, or why it cannot be one. `key` is its dictionary key. */
export function readEntry(value: unknown, key: string | null): ReadEntry {
  if (!isJsonObject(value)) return skipped("it is not an object");
  const metadata = isJsonObject(value["metadata"]) ? value["metadata"] : {};
  const fromKey = readKey(key);
  const id = readId(value["id"]) ?? fromKey.id;

  const name =
    textOf(value["name"]) ??
    textOf(metadata["name"]) ??
    fromKey.name ??
    textOf(value["fqdn"]) ??
    textOf(value["host"]) ??
    fromKey.host ??
    textOf(id);
  if (name === null) return skipped("it has no name");
  if (name.length > NAME_LENGTH_MAX) return skipped("its name is longer than 255 characters");
  if (!isPrintable(name)) return skipped("its name contains control characters");

  const given = findEndpoint(value, metadata, fromKey.host);
  if (given === null) return skipped("it has no endpoint");
  const parsed = parseEndpoint(given);
  if (parsed.kind === "invalid") return skipped(parsed.reason);

  const droplet: Droplet = {
    id: id ?? toId(name),
    name,
    url: parsed.endpoint,
    endpoint: parsed.endpoint,
    version: shortText(value["version"]),
    status: readStatus(value["status"]),
    steward: shortText(value["steward"]),
    metadata: boundMetadata(value["metadata"]),
    ...extraFields(value),
  };
  return { kind: "droplet", droplet, updatedAtMs: updatedAt(value) };
}

/** A key is an id when it is a number, a host when it looks like one, and a name otherwise. */
function readKey(key: string | null) {
  const text = textOf(key);
  const none = { id: null, host: null, name: null };
  if (text === null) return none;
  if (/^\d+$/.test(text)) return { ...none, id: readId(text) };
  return isHost(text) ? { ...none, host: text } : { ...none, name: text };
}

/** Lone surrogates count as unprintable: they cannot be written into a URL or a queue's name. */
function isPrintable(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

/** A Registry that keeps no status lists what it believes to be there; a word we do not know is no praise. */
function readStatus(value: unknown): Droplet["status"] {
  const word = textOf(value)?.toLowerCase() ?? "active";
  if (["active", "healthy", "online", "ok"].includes(word)) return "active";
  return word === "error" || word === "unhealthy" ? "error" : "inactive";
}

function extraFields(entry: Record<string, unknown>) {
  const capabilities = entry["capabilities"];
  const lastHeartbeat = textOrEpoch(entry["last_heartbeat"]);
  const updated = textOrEpoch(entry["updated_at"]);
  return {
    ...(Array.isArray(capabilities) && {
      capabilities: capabilities
        .flatMap((word) => shortText(word) ?? [])
        .slice(0, CAPABILITIES_MAX),
    }),
    ...(lastHeartbeat !== null && { last_heartbeat: lastHeartbeat }),
    ...(updated !== null && { updated_at: updated }),
  };
}

function updatedAt(entry: Record<string, unknown>): number | null {
  return (
    readTimestamp(entry["updated_at"]) ??
    readTimestamp(entry["last_updated"]) ??
    readTimestamp(entry["last_heartbeat"]) ??
    readTimestamp(entry["last_seen"])
  );
}

function textOrEpoch(value: unknown): string | number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : shortText(value);
}

function shortText(value: unknown): string | null {
  const text = textOf(value);
  return text === null || text.length > NAME_LENGTH_MAX ? null : text;
}

function skipped(reason: string): ReadEntry {
  return { kind: "skipped", reason };
}
