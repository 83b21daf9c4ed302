import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { readDroplets } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { compose, docker, inspect, urlOf } from "./docker.ts";
import { waitPatiently } from "./wait-patiently.ts";

/** Past the next regular sync, which is a minute away if the demo comes up after the first. */
const LISTED_MS_MAX = 120_000;
const LOG_LINES_SHOWN = "40";

export type ServiceName = "redis" | "api" | "worker" | "demo";

export interface Health {
  status: string;
  dependencies: {
    redis: { status: string };
    workers: { status: string; count: number };
    cache: { status: string; warning: string | null };
  };
}

/** Our docker-compose.yml brought up under a name of its own, its API on a port of the engine's choice. */
export class ComposeProject implements AsyncDisposable {
  readonly name = `${inject("systemRun")}-${randomUUID().slice(0, 8)}`;
  readonly #settings: Record<string, string>;

  /** `settings` are variables of the environment, on top of those in compose.env. */
  constructor(settings: Record<string, string> = {}) {
    this.#settings = settings;
  }

  /** Any command of compose, with the demo profile unless `profiles` say otherwise. */
  async compose(args: readonly string[], profiles: readonly string[] = ["demo"]): Promise<string> {
    const named = profiles.flatMap((profile) => ["--profile", profile]);
    const whole = ["--project-name", this.name, ...named, ...args];
    return await compose(inject("composeCommand"), whole, { env: this.#settings });
  }

  async up(args: readonly string[] = [], profiles?: readonly string[]): Promise<void> {
    await this.compose(["up", "--detach", "--no-build", ...args], profiles);
  }

  async stop(service: ServiceName): Promise<void> {
    await this.compose(["stop", service]);
  }

  async start(service: ServiceName): Promise<void> {
    await this.compose(["start", service]);
  }

  /** The ids of a service's containers, stopped ones too. */
  async containersOf(service: ServiceName): Promise<string[]> {
    const mine = [`project=${this.name}`, `service=${service}`];
    const filters = mine.flatMap((pair) => ["--filter", `label=com.docker.compose.${pair}`]);
    const ids = await docker("ps", "--all", "--quiet", ...filters);
    return ids.split("\n").filter(Boolean);
  }

  async containerOf(service: ServiceName): Promise<string> {
    const [id] = await this.containersOf(service);
    if (id === undefined) throw new Error(`${this.name} has no container of ${service}`);
    return id;
  }

  async api(): Promise<{ url: string }> {
    return await urlOf(await this.containerOf("api"), 8001);
  }

  async health(): Promise<Health> {
    return (await send(await this.api(), "/orchestrator/health")).body as Health;
  }

  /** Resolves when health says `status`; gives the whole of it. */
  async untilHealth(status: string): Promise<Health> {
    return await waitPatiently(`health of ${this.name} to be ${status}`, async () => {
      const health = await this.health();
      if (health.status !== status) throw new Error(JSON.stringify(health));
      return health;
    });
  }

  /** Resolves when the droplets of the demo can be called. */
  async untilRouting(): Promise<{ url: string }> {
    await this.untilHealth("active");
    const api = await this.api();
    await waitPatiently(
      "the demo's droplets to be listed",
      async () => {
        const { droplets } = await readDroplets(api);
        return droplets.some(({ name }) => name === "failing");
      },
      // The demo may have come up after the first sync: then it is the next one that brings them.
      { timeoutMs: LISTED_MS_MAX, everyMs: 200 },
    );
    return api;
  }

  /** How a container that was stopped has ended. */
  async exitCodeOf(service: ServiceName): Promise<unknown> {
    return await inspect(await this.containerOf(service), ".State.ExitCode");
  }

  /** For a person who looks at a failed test. */
  async showLogs(): Promise<void> {
    const logs = await this.compose(["logs", "--no-color", "--tail", LOG_LINES_SHOWN]);
    process.stderr.write(`\n--- last log lines of ${this.name}\n${logs}\n`);
  }

  /** Removes containers, network and volumes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose(["down", "--volumes", "--remove-orphans", "--timeout", "5"]);
  }
}
