import { ScriptedServer, type RecordedRequest } from "./scripted-server.ts";
import type { Step } from "./step.ts";

/** One entry of a Registry's list; whatever a test wants to say beside name and endpoint. */
export interface RegistryEntry {
  [field: string]: unknown;
  name: string;
  endpoint: string;
}

/** Where the list is unless the test says otherwise; every other path answers 404. */
const LIST_PATH = "/droplets";

/**
 * A Registry whose list the test sets while everything runs. It can also `behave` badly, and `stop` and `start`
 * on the same port.
 *
 *     await using registry = await startRegistry();
 *     registry.list = [{ name: "billing", endpoint: droplet.url }];
 *     registry.behave("hang");               // or 500, { body: "<html>" }, { json: { droplets: [] } }
 *     registry.behave("well");
 */
export class ScriptedRegistry extends ScriptedServer {
  list: RegistryEntry[];
  readonly #mood: { step: Step | "well"; registering: Step };

  constructor(list: RegistryEntry[]) {
    const mood: { step: Step | "well"; registering: Step } = { step: "well", registering: 201 };
    super((request) => {
      if (request.method !== "GET") return mood.registering;
      if (mood.step !== "well") return mood.step;
      const [path] = request.path.split("?", 1);
      return path === LIST_PATH ? { json: { droplets: this.list } } : 404;
    });
    this.list = list;
    this.#mood = mood;
  }

  /** How it answers every GET from now on. */
  behave(step: Step | "well"): void {
    this.#mood.step = step;
  }

  /** How it answers registrations from now on; 201 unless told otherwise. */
  answerRegistrations(step: Step): void {
    this.#mood.registering = step;
  }

  /** How often it was asked for its list. */
  get syncs(): RecordedRequest[] {
    return this.requests.filter(({ method }) => method === "GET");
  }

  /** POST /register, PATCH /droplets/{id} and their kind. */
  get registrations(): RecordedRequest[] {
    return this.requests.filter(({ method }) => method !== "GET");
  }
}

export async function startRegistry(list: RegistryEntry[] = []): Promise<ScriptedRegistry> {
  return await new ScriptedRegistry(list).start();
}

/** The entry a Registry of the mesh would hold of a droplet. */
export function entryOf(
  { name, url }: { name: string; url: string },
  more: Record<string, unknown> = {},
): RegistryEntry {
  return { id: 100, name, url, endpoint: url, version: "1.0.0", status: "active", ...more };
}
