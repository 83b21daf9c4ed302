import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { readDroplets } from "./api-client.ts";
import { removeKeys } from "./redis-commands.ts";
import { entryOf, startRegistry, type ScriptedRegistry } from "./scripted-registry.ts";
import { Service } from "./service.ts";
import { waitFor } from "./wait-for.ts";

type Env = Record<string, string>;

export interface OrchestratorOptions {
  /** Put on the list of the Registry, and known to every API before this resolves. */
  droplets?: { name: string; url: string }[];
  /** The test's own Registry instead of one that is made and closed here. */
  registry?: ScriptedRegistry;
  /** How many processes of each; one unless given. */
  apis?: number;
  workers?: number;
  /** On top of the harness's own, for all, and for one kind. */
  env?: Env;
  apiEnv?: Env;
  workerEnv?: Env;
  /** What the harness itself signs in with, where callers have to. */
  headers?: Env;
  /** The shared Redis unless given. */
  redisUrl?: string;
  /** `listening`: do not wait until they are ready, for starts while something is missing. */
  waitUntil?: "ready" | "listening";
}

export interface Orchestrator extends AsyncDisposable {
  /** The first of each, which is the only one in most tests. */
  readonly api: Service;
  readonly worker: Service;
  readonly apis: readonly Service[];
  readonly workers: readonly Service[];
  readonly registry: ScriptedRegistry;
  readonly keyPrefix: string;
  readonly redisUrl: string;
  /** The folder of the snapshot, shared by all processes of this test. */
  readonly cacheDir: string;
  /** One more process, stopped with the rest. */
  addApi(env?: Env): Promise<Service>;
  addWorker(env?: Env): Promise<Service>;
}

/** Short, so that tests need not wait: the list follows the Registry within half a second. */
const FOR_TESTS: Env = {
  HOST: "127.0.0.1",
  PORT: "0",
  WORKER_PORT: "0",
  REGISTRY_SYNC_INTERVAL: "0.5",
  REGISTRY_TIMEOUT: "1",
  SHUTDOWN_GRACE: "0.5",
};

/**
 * A process gives up on being tidy after 10 s: three times that for a busy machine. Past it the process is killed and the
 * test fails.
 */
const STOP_MS_MAX = 30_000;

/**
 * Starts real processes of the API and the worker under a prefix and in a folder of their own:
 *
 *     await using droplet = await startDroplet("billing", [503, 200]);
 *     await using orchestrator = await startOrchestrator({ droplets: [droplet], workers: 2 });
 *     const { status } = await submitAndWait(orchestrator.api, { droplet_name: "billing", path: "/pay" });
 *
 * At the end of the scope every process gets SIGTERM and must end within 10 s. For several tests of one file that
 * harm nothing: start it in `beforeAll`, dispose of it in `afterAll`, and give each test a path of its own.
 */
export async function startOrchestrator(options: OrchestratorOptions = {}): Promise<Orchestrator> {
  await using opened = new AsyncDisposableStack();
  const redisUrl = options.redisUrl ?? inject("redisUrl");
  const keyPrefix = `test-${randomUUID().slice(0, 8)}`;
  const cacheDir = await mkdtemp(join(tmpdir(), "orchestrator-cache-"));
  opened.defer(async () => await rm(cacheDir, { recursive: true, force: true }));
  opened.defer(async () => await tidyUp(redisUrl, keyPrefix));
  const registry = options.registry ?? opened.use(await startRegistry());
  registry.list.push(
    ...(options.droplets ?? []).map((droplet, n) => entryOf(droplet, { id: 100 + n })),
  );

  const env: Env = {
    ...FOR_TESTS,
    REDIS_URL: redisUrl,
    KEY_PREFIX: keyPrefix,
    REGISTRY_URL: registry.url,
    REGISTRY_CACHE_DIR: cacheDir,
    ...options.env,
  };
  const apis = services("api", options.apis ?? 1, { ...env, ...options.apiEnv });
  const workers = services("worker", options.workers ?? 1, { ...env, ...options.workerEnv });
  opened.defer(async () => await stopAll([...apis, ...workers]));
  const isReadyNeeded = options.waitUntil !== "listening";
  await Promise.all([...apis, ...workers].map(async (one) => await bringUp(one, isReadyNeeded)));
  if (isReadyNeeded && workers.length > 0) {
    const names = (options.droplets ?? []).map(({ name }) => name);
    await Promise.all(apis.map(async (api) => await untilKnown(api, names, options.headers)));
  }

  async function add(app: "api" | "worker", list: Service[], more: Env = {}): Promise<Service> {
    const own = app === "api" ? options.apiEnv : options.workerEnv;
    const name = `${app}-${list.length + 1}`;
    const service = new Service({ name, app, env: { ...env, ...own, ...more } });
    list.push(service);
    await bringUp(service, isReadyNeeded);
    return service;
  }

  const closing = opened.move();
  return {
    get api() {
      return first(apis);
    },
    get worker() {
      return first(workers);
    },
    apis,
    workers,
    registry,
    keyPrefix,
    redisUrl,
    cacheDir,
    addApi: async (more) => await add("api", apis, more),
    addWorker: async (more) => await add("worker", workers, more),
    [Symbol.asyncDispose]: async () => await closing.disposeAsync(),
  };
}

function services(app: "api" | "worker", count: number, env: Env): Service[] {
  return Array.from(
    { length: count },
    (_, n) => new Service({ name: `${app}-${n + 1}`, app, env }),
  );
}

async function bringUp(service: Service, isReadyNeeded: boolean): Promise<void> {
  await service.start();
  if (isReadyNeeded) await service.untilReady();
}

/** Resolves when an API's list holds all these droplets. */
export async function untilKnown(
  api: Service,
  names: readonly string[],
  headers: Env = {},
): Promise<void> {
  await waitFor(`${api.name} to know ${names.join(", ")}`, async () => {
    if (names.length === 0) return true;
    const known = new Set((await readDroplets(api, headers)).droplets.map(({ name }) => name));
    return names.every((name) => known.has(name));
  });
}

async function stopAll(all: readonly Service[]): Promise<void> {
  const stubborn: string[] = [];
  await Promise.all(
    all
      .filter((service) => service.isRunning)
      .map(async (service) => {
        service.thaw();
        try {
          await service.stop("SIGTERM", STOP_MS_MAX);
        } catch {
          stubborn.push(service.name);
          await service.kill();
        }
      }),
  );
  if (stubborn.length > 0) {
    throw new Error(`did not stop within ${STOP_MS_MAX} ms of SIGTERM: ${stubborn.join(", ")}`);
  }
}

/** A Redis that the test has taken away holds nothing that needs tidying. */
async function tidyUp(redisUrl: string, keyPrefix: string): Promise<void> {
  if (redisUrl === inject("redisUrl")) await removeKeys(redisUrl, keyPrefix);
}

function first(all: readonly Service[]): Service {
  const [service] = all;
  if (service === undefined) throw new Error("this test started none of them");
  return service;
}
