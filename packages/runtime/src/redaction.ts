import { scrubUrlCredentials } from "./url-credentials.ts";

const REDACTED = "[redacted]";

const DEPTH_MAX = 8;
const NODES_MAX = 1_000;
const TEXT_LENGTH_MAX = 8_192;

/** The one list of names whose value never reaches a log. Case, `-` and `_` do not matter: apiKey is api_key. */
export const SECRET_FIELD_NAMES: readonly string[] = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-registry-key",
  "password",
  "secret",
  "client_secret",
  "token",
  "api_key",
  "access_token",
  "refresh_token",
];

interface Progress {
  readonly names: ReadonlySet<string>;
  readonly budget: { nodesLeft: number };
}

/** What is kept from those who look on: the names that always are secret, and those that are here. */
export interface Redaction {
  /** Every name, as they are written. */
  readonly names: readonly string[];
  /** See `redact`. */
  readonly redact: (value: unknown) => unknown;
  /** The value of a field as it may be shown, the field's own name considered. */
  readonly redactField: (name: string, value: unknown) => unknown;
}

/** @param moreNames by comma, as REDACT_FIELDS has them: `iban,credit_card` */
export function redactionOf(moreNames: string | undefined): Redaction {
  const more = (moreNames ?? "").split(",").map((name) => name.trim());
  const names = [...SECRET_FIELD_NAMES, ...more.filter(Boolean)];
  const folded = foldNames(names);
  const redactAll = (value: unknown): unknown =>
    copy(value, { names: folded, budget: { nodesLeft: NODES_MAX } }, 0);
  return {
    names,
    redact: redactAll,
    redactField: (name, value) => {
      if (isSecretField(name, value, folded)) return REDACTED;
      // Most of what is logged: nothing to copy.
      if (typeof value === "string") return copyText(value);
      return typeof value === "object" || typeof value === "bigint" ? redactAll(value) : value;
    },
  };
}

/**
 * A copy of any value that is safe and cheap to log: the values of secret names are replaced, credentials within URLs
 * scrubbed, errors told whole with their causes, and depth, number of nodes and length of texts bounded (so circles end
 * too). Instances of classes other than errors are named, not copied: they are sockets and clients more often than data.
 */
export function redact(value: unknown, names: readonly string[] = SECRET_FIELD_NAMES): unknown {
  return copy(value, { names: foldNames(names), budget: { nodesLeft: NODES_MAX } }, 0);
}

/** Whether a value is data, which `redact` copies, rather than an instance of a class that brings its own serializer. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function copy(value: unknown, progress: Progress, depth: number): unknown {
  progress.budget.nodesLeft -= 1;
  if (typeof value === "string") return copyText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (progress.budget.nodesLeft < 0 || depth > DEPTH_MAX) return "[truncated]";
  if (Array.isArray(value)) return copyItems(value, progress, depth);
  if (value instanceof Error) return copyError(value, progress, depth);
  if (isPlainObject(value)) return copyFields(value, progress, depth);
  return copyInstance(value, progress, depth);
}

function copyText(text: string): string {
  if (text.length <= TEXT_LENGTH_MAX) return scrubUrlCredentials(text);
  const kept = scrubUrlCredentials(text.slice(0, TEXT_LENGTH_MAX));
  return `${kept}… [${text.length - TEXT_LENGTH_MAX} more characters]`;
}

function copyItems(items: readonly unknown[], progress: Progress, depth: number): unknown[] {
  const copied: unknown[] = [];
  for (const item of items) {
    if (progress.budget.nodesLeft <= 0) {
      copied.push(`[${items.length - copied.length} more]`);
      break;
    }
    copied.push(copy(item, progress, depth + 1));
  }
  return copied;
}

function copyFields(
  fields: Record<string, unknown>,
  progress: Progress,
  depth: number,
): Record<string, unknown> {
  // Without a prototype a field called `__proto__` is a field like any other.
  const copied: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(fields)) {
    if (progress.budget.nodesLeft <= 0) {
      copied["…"] = "[truncated]";
      break;
    }
    const value = fields[name];
    copied[name] = isSecretField(name, value, progress.names)
      ? REDACTED
      : copy(value, progress, depth + 1);
  }
  return copied;
}

function copyError(error: Error, progress: Progress, depth: number): unknown {
  // ioredis hangs the failed command with its arguments on the error: the password of AUTH, the bodies of tasks.
  const withoutArguments = { ...progress, names: new Set([...progress.names, "args"]) };
  const described = {
    type: error.constructor.name,
    ...Object.fromEntries(Object.entries(error)),
    message: error.message,
    stack: error.stack,
    cause: error.cause,
    errors: error instanceof AggregateError ? error.errors : undefined,
  };
  return copyFields(described, withoutArguments, depth);
}

function copyInstance(value: object, progress: Progress, depth: number): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  // Dates and URLs; anything larger is copied with the same bounds as plain data.
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return copy(value.toJSON(), progress, depth + 1);
  }
  return `[${value.constructor.name}]`;
}

/** That a secret is absent is worth knowing and gives nothing away. */
function isSecretField(name: string, value: unknown, names: ReadonlySet<string>): boolean {
  return value !== undefined && value !== null && names.has(foldedName(name));
}

function foldNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => foldName(name)));
}

/** Log lines name the same fields again and again; what callers name is not kept without bound. */
const FOLDED_NAMES_MAX = 1_000;
const foldedNames = new Map<string, string>();

function foldedName(name: string): string {
  const known = foldedNames.get(name);
  if (known !== undefined) return known;
  const folded = foldName(name);
  if (foldedNames.size < FOLDED_NAMES_MAX) foldedNames.set(name, folded);
  return folded;
}

function foldName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
