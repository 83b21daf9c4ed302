import { afterAll, beforeAll } from "vitest";
import { echo, startDroplet, type ScriptedDroplet } from "./scripted-droplet.ts";
import {
  startOrchestrator,
  type Orchestrator,
  type OrchestratorOptions,
} from "./start-orchestrator.ts";
import type { Service } from "./service.ts";

export interface SharedOrchestrator {
  readonly orchestrator: Orchestrator;
  readonly api: Service;
  readonly worker: Service;
  /** The droplet of this name, which echoes on every path without a script of its own. */
  droplet(name: string): ScriptedDroplet;
}

/**
 * One orchestrator for all tests of a file, for those that harm nothing; they may then be `test.concurrent`.
 * Call it at the top of the file. Give each test a path of its own with `droplet.route(script)`.
 *
 *     const shared = shareOrchestrator({ droplets: ["echo"] });
 *     test.concurrent("…", async () => {
 *       const path = shared.droplet("echo").route(perTask([503, 200]));
 *       await submitAndWait(shared.api, { droplet_name: "echo", path });
 *     });
 */
export function shareOrchestrator(
  options: Omit<OrchestratorOptions, "droplets"> & { droplets: readonly string[] },
): SharedOrchestrator {
  const opened = new AsyncDisposableStack();
  const droplets = new Map<string, ScriptedDroplet>();
  let orchestrator: Orchestrator | null = null;

  beforeAll(async () => {
    for (const name of options.droplets) {
      droplets.set(name, opened.use(await startDroplet(name, echo)));
    }
    const started = await startOrchestrator({ ...options, droplets: [...droplets.values()] });
    orchestrator = opened.use(started);
  });
  afterAll(async () => await opened.disposeAsync());

  const started = (): Orchestrator => {
    if (orchestrator === null) throw new Error("the shared orchestrator has not been started");
    return orchestrator;
  };
  return {
    get orchestrator() {
      return started();
    },
    get api() {
      return started().api;
    },
    get worker() {
      return started().worker;
    },
    droplet(name) {
      const droplet = droplets.get(name);
      if (droplet === undefined) throw new Error(`this file has no droplet '${name}'`);
      return droplet;
    },
  };
}
