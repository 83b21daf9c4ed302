import { ScriptedServer, type RecordedRequest } from "./scripted-server.ts";
import type { Script, Step } from "./step.ts";

type DropletScript = Script<RecordedRequest>;

/**
 * A droplet that behaves as its script says:
 *
 *     await using droplet = await startDroplet("billing", [503, "hang", 200]);   // one step per request, the last for ever
 *     droplet.on("/pay", perTask([500, { json: { paid: true } }]));              // one path, each task from the start
 *     droplet.on("/echo", ({ json }) => ({ status: 201, json }));                // a decision per request
 *     …
 *     expect(droplet.callsOf(taskId)).toHaveLength(2);
 *     await droplet.stop();      // refuses connections; `start` listens again on the same port
 *     await droplet.release(200) // answers what hangs
 */
export class ScriptedDroplet extends ScriptedServer {
  readonly name: string;
  readonly #scriptOfPath: Map<string, (request: RecordedRequest) => Step>;

  constructor(name: string, script: DropletScript) {
    const scriptOfPath = new Map<string, (request: RecordedRequest) => Step>();
    const otherwise = follow(script);
    super((request) => {
      const [path = ""] = request.path.split("?", 1);
      return (scriptOfPath.get(path) ?? otherwise)(request);
    });
    this.name = name;
    this.#scriptOfPath = scriptOfPath;
  }

  /** From now on requests for this path (without query) follow a script of their own. */
  on(path: string, script: DropletScript): void {
    this.#scriptOfPath.set(path, follow(script));
  }

  /** A new path that follows this script: a place of its own for a test that shares the droplet with others. */
  route(script: DropletScript): string {
    const path = `/route-${this.#scriptOfPath.size + 1}`;
    this.on(path, script);
    return path;
  }

  /** Every request for this task, in order. */
  callsOf(taskId: string): RecordedRequest[] {
    return this.requests.filter((request) => request.taskId === taskId);
  }
}

/** @param script what it does on every path that has no script of its own; answers 200 unless given */
export async function startDroplet(
  name: string,
  script: DropletScript = [200],
): Promise<ScriptedDroplet> {
  return await new ScriptedDroplet(name, script).start();
}

/** Answers with what it was sent. */
export function echo({ method, path, headers, json }: RecordedRequest): Step {
  return { json: { method, path, headers, body: json ?? null } };
}

/** One step per request of the same task, told apart by X-Task-Id; the last one for ever. */
export function perTask(steps: readonly Step[]): (request: RecordedRequest) => Step {
  return ({ nthOfTask }) => steps[nthOfTask - 1] ?? steps.at(-1) ?? 200;
}

function follow(script: DropletScript): (request: RecordedRequest) => Step {
  if (typeof script === "function") return script;
  let next = 0;
  return () => script[next++] ?? script.at(-1) ?? 200;
}
