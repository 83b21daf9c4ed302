import { createHash, timingSafeEqual } from "node:crypto";
import { SCOPES, type Caller, type Scope } from "./caller.ts";

/** Shorter keys can be guessed. */
const KEY_CHARS_MIN = 16;

interface ApiKey {
  caller: Caller;
  /** SHA-256: the key itself is not kept. */
  hash: Buffer;
}

export type ParsedApiKeys =
  | { kind: "keys"; keys: ApiKey[] }
  | { kind: "invalid"; mistakes: string[] };

/**
 * `name:scope+scope:key`, several by comma. The key is itself or, so that it stands in no environment,
 * `sha256-` and the 64 hexadecimal digits of its hash.
 */
export function parseApiKeys(text: string | undefined): ParsedApiKeys {
  const mistakes: string[] = [];
  const keys: ApiKey[] = [];
  const items = (text ?? "").split(",").map((item) => item.trim());
  for (const [position, item] of items.filter(Boolean).entries()) {
    const parsed = parseItem(item);
    if (typeof parsed === "string") mistakes.push(`item ${position + 1} ${parsed}`);
    else keys.push(parsed);
  }
  return mistakes.length > 0 ? { kind: "invalid", mistakes } : { kind: "keys", keys };
}

/** The holder of a key. Compares with every key in the same time, whichever it is. */
export function callerByKey(keys: readonly ApiKey[], presented: string): Caller | null {
  const hash = sha256(presented);
  let found: Caller | null = null;
  for (const key of keys) if (timingSafeEqual(key.hash, hash)) found = key.caller;
  return found;
}

/** What is wrong with it is told without telling the key. */
function parseItem(item: string): ApiKey | string {
  const [, name, scopeList, key] = /^([\w.-]{1,64}):([a-z+]+):(\S+)$/.exec(item) ?? [];
  if (name === undefined || scopeList === undefined || key === undefined) {
    return "is not name:scope+scope:key";
  }
  const scopes = scopeList.split("+");
  if (!scopes.every(isScope)) return `(${name}) has a scope that is none of ${SCOPES.join(", ")}`;
  const digits = /^sha256-([0-9a-f]{64})$/i.exec(key)?.[1];
  if (digits === undefined && key.length < KEY_CHARS_MIN) {
    return `(${name}) has a key of less than ${KEY_CHARS_MIN} characters`;
  }
  const hash = digits === undefined ? sha256(key) : Buffer.from(digits, "hex");
  return { caller: { name, scopes: new Set(scopes) }, hash };
}

function isScope(word: string): word is Scope {
  return SCOPES.some((scope) => scope === word);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
