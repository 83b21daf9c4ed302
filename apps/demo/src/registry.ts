import type { DemoAnswer, DemoHandler, DemoRequest } from "./http-server.ts";

export interface RegistryEntry {
  readonly id: number | string;
  readonly name: string;
  readonly endpoint: string;
  readonly [field: string]: unknown;
}

const FIRST_FREE_ID = 100;
const NO_SUCH_DROPLET: DemoAnswer = { status: 404, body: { error: "no such droplet" } };

/** A Registry in memory: the list of droplets, and registration under a name (case does not matter). */
export function createRegistry(initial: readonly RegistryEntry[]): DemoHandler {
  const entries = new Map(initial.map((entry) => [entry.name.toLowerCase(), entry]));
  let nextId = FIRST_FREE_ID;

  const register = (body: unknown): DemoAnswer => {
    if (!isRegistration(body)) {
      return { status: 400, body: { error: "name and endpoint (or url) are needed" } };
    }
    const key = body.name.toLowerCase();
    const id = body.id ?? entries.get(key)?.id ?? nextId++;
    const endpoint = body.endpoint ?? body.url ?? "";
    const entry = { status: "active", ...body, id, endpoint, updated_at: new Date().toISOString() };
    entries.set(key, entry);
    return { status: 201, body: entry };
  };

  return (request) => {
    const { method, path } = normalised(request);
    if (method === "GET" && path === "/health") return { status: 200, body: { status: "ok" } };
    if (method === "GET" && path === "/droplets") {
      return { status: 200, body: { droplets: [...entries.values()] } };
    }
    if (method === "POST" && path === "/register") return register(request.body);

    const wanted = /^\/droplets\/(?:name\/)?([^/]+)$/.exec(path)?.[1];
    const found = wanted === undefined ? undefined : entries.get(wanted.toLowerCase());
    if (found === undefined) return NO_SUCH_DROPLET;
    if (method === "GET") return { status: 200, body: found };
    if (method === "DELETE") {
      entries.delete(found.name.toLowerCase());
      return { status: 200, body: found };
    }
    return { status: 405, body: { error: "only GET and DELETE" } };
  };
}

interface Registration {
  readonly id?: number | string;
  readonly name: string;
  readonly endpoint?: string;
  readonly url?: string;
}

function isRegistration(body: unknown): body is Registration {
  if (typeof body !== "object" || body === null) return false;
  if (!("name" in body) || typeof body.name !== "string" || body.name === "") return false;
  const address = ("endpoint" in body && body.endpoint) || ("url" in body && body.url);
  return typeof address === "string";
}

function normalised({ method, path }: DemoRequest): { method: string; path: string } {
  const withoutQuery = path.split("?", 1)[0] ?? "/";
  return { method, path: decode(withoutQuery).replace(/(.)\/$/, "$1") };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
