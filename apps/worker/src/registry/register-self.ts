import { OUR_NAME } from "@orchestrator/core";
import { askRegistry, type RegistryAddress, type RegistryQuestion } from "./ask-registry.ts";

/** Who we say we are. */
export interface OwnEntry {
  id: number;
  publicUrl: string;
  version: string;
}

export type RegistrationOutcome =
  | { kind: "registered"; via: string }
  /** It answered, and said no every way we know. */
  | { kind: "refused"; reason: string }
  | { kind: "unreachable"; reason: string };

const CREATED = new Set([200, 201]);
const TAKEN = 409;

/** Where Registries wrap a single droplet. */
const ENVELOPES = ["droplet", "data", "payload", "service"];
const ENVELOPE_DEPTH_MAX = 3;

/**
 * Puts us on the Registry's list, one way after another: `POST /register`; where the name is taken, the entry
 * is looked up and brought up to date; else `POST /registry/register`. Never rejects, and takes at most four
 * requests, each bounded by REGISTRY_TIMEOUT.
 */
export async function registerSelf(
  registry: RegistryAddress,
  self: OwnEntry,
  signal: AbortSignal,
): Promise<RegistrationOutcome> {
  const entry = {
    id: self.id,
    name: OUR_NAME,
    url: self.publicUrl,
    endpoint: self.publicUrl,
    version: self.version,
  };
  const reasons: string[] = [];

  async function ask(question: RegistryQuestion) {
    const answer = await askRegistry(registry, { ...question, signal });
    const what = `${question.method} ${question.path}`;
    if (answer.kind === "unreachable") throw new RegistryAway(`${what}: ${answer.reason}`);
    reasons.push(`${what}: ${answer.status}`);
    return answer;
  }

  /** True when our entry was there and now says where we are. */
  async function update(): Promise<boolean> {
    const found = await ask({ method: "GET", path: `/droplets/name/${OUR_NAME}` });
    const id = found.status === 200 ? idIn(parse(found.text)) : null;
    if (id === null) return false;
    const path = `/droplets/${encodeURIComponent(id)}`;
    const { id: _id, ...changes } = entry;
    const body = { ...changes, status: "active" };
    const { status } = await ask({ method: "PATCH", path, body });
    return status >= 200 && status < 300;
  }

  try {
    const first = await ask({ method: "POST", path: "/register", body: entry });
    if (CREATED.has(first.status)) return { kind: "registered", via: "POST /register" };
    if (first.status === TAKEN && (await update())) {
      return { kind: "registered", via: "PATCH /droplets" };
    }
    const second = await ask({ method: "POST", path: "/registry/register", body: entry });
    if (CREATED.has(second.status)) return { kind: "registered", via: "POST /registry/register" };
    return { kind: "refused", reason: reasons.join("; ") };
  } catch (error) {
    if (error instanceof RegistryAway) return { kind: "unreachable", reason: error.message };
    throw error;
  }
}

/** Another way would fare no better. */
class RegistryAway extends Error {
  override readonly name = "RegistryAway";
}

/** The id of the droplet in an answer: an envelope may have an id of its own, but only a droplet has a name. */
function idIn(body: unknown, depth = 0): string | null {
  if (typeof body !== "object" || body === null || depth > ENVELOPE_DEPTH_MAX) return null;
  const fields = new Map<string, unknown>(Object.entries(body));
  if (!fields.has("name")) {
    for (const envelope of ENVELOPES) {
      const found = idIn(fields.get(envelope), depth + 1);
      if (found !== null) return found;
    }
  }
  const id = fields.get("id") ?? fields.get("droplet_id");
  return typeof id === "number" || (typeof id === "string" && id !== "") ? String(id) : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, there is no id in it.
    return null;
  }
}
