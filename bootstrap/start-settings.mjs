import { join } from "node:path";
import { findFreePort, refuseTakenPorts } from "./ports.mjs";
import { SetupFailure } from "./setup-failure.mjs";

const EVERY_ADDRESS = new Set(["0.0.0.0", "::"]);
const DEMO_DROPLETS = ["echo", "slow", "flaky", "failing"];

/**
 * What `npm start` reads from the environment, checked. `PORT=0` and the like are turned into a port that is free, as
 * the others have to be told. Throws a SetupFailure that names every wrong variable.
 */
export async function readStartSettings(env, root) {
  const wrong = [];
  const readPort = (variable, fallback, { min = 0, max = 65_535 } = {}) => {
    const text = env[variable] || String(fallback);
    const port = Number(text);
    if (/^\d+$/.test(text) && port >= min && port <= max) return port;
    wrong.push(`${variable} must be a port from ${min} to ${max}, not '${text}'.`);
    return 0;
  };

  const ports = {
    api: readPort("PORT", 8001),
    worker: readPort("WORKER_PORT", 8002),
    redis: readPort("REDIS_PORT", 0),
    registry: readPort("DEMO_REGISTRY_PORT", 8000),
    // Four in a row: no system can be asked for that with a 0.
    droplets: readPort("DEMO_DROPLETS_PORT", 8010, { min: 1, max: 65_536 - DEMO_DROPLETS.length }),
  };
  if (wrong.length > 0) throw new SetupFailure(wrong.join("\n"));

  const host = env.HOST || "0.0.0.0";
  const dataFolder = join(root, ".data");
  return {
    root,
    dataFolder,
    logFolder: join(dataFolder, "logs"),
    runFolder: join(dataFolder, "run"),
    host,
    port: await anyIfZero(ports.api),
    workerPort: await anyIfZero(ports.worker),
    reachableHost: EVERY_ADDRESS.has(host) ? "127.0.0.1" : bracketed(host),
    redisUrl: env.REDIS_URL || null,
    redisPort: ports.redis === 0 ? null : ports.redis,
    registryUrl: env.REGISTRY_URL || null,
    demo: env.REGISTRY_URL ? null : await demoSettings(ports),
  };
}

async function demoSettings(ports) {
  const registryPort = await anyIfZero(ports.registry);
  const droplets = DEMO_DROPLETS.map((name, index) => ({ name, port: ports.droplets + index }));
  return { registryPort, dropletsPort: ports.droplets, droplets };
}

/** Refuses to start anything while a port is taken. */
export async function refuseTakenStartPorts({ host, port, workerPort, redisUrl, redisPort, demo }) {
  const loopback = "127.0.0.1";
  const wanted = [
    { port, host, variable: "PORT", purpose: "API" },
    { port: workerPort, host, variable: "WORKER_PORT", purpose: "worker" },
  ];
  if (redisUrl === null && redisPort !== null) {
    wanted.push({
      port: redisPort,
      host: loopback,
      variable: "REDIS_PORT",
      purpose: "private Redis",
    });
  }
  if (demo !== null) {
    const variable = "DEMO_REGISTRY_PORT";
    wanted.push({ port: demo.registryPort, host: loopback, variable, purpose: "demo Registry" });
    for (const droplet of demo.droplets) {
      const purpose = `demo droplet ${droplet.name}`;
      wanted.push({ port: droplet.port, host: loopback, variable: "DEMO_DROPLETS_PORT", purpose });
    }
  }
  await refuseTakenPorts(wanted);
}

/** What the API, the worker and the demo are told, on top of what the user's environment says. */
export function childEnvironment({ settings, redisUrl, env }) {
  const { demo, dataFolder, port, workerPort, reachableHost } = settings;
  const cacheFolder =
    env.REGISTRY_CACHE_DIR || env.CACHE_DIR
      ? {}
      : { REGISTRY_CACHE_DIR: join(dataFolder, "cache") };
  return {
    ...env,
    ...cacheFolder,
    REDIS_URL: redisUrl,
    REGISTRY_URL: settings.registryUrl ?? `http://127.0.0.1:${demo.registryPort}`,
    PORT: String(port),
    WORKER_PORT: String(workerPort),
    PUBLIC_URL: env.PUBLIC_URL || `http://${reachableHost}:${port}`,
    ...(demo && {
      // Here the demo is for this machine only; these two are for images.
      DEMO_HOST: "127.0.0.1",
      DEMO_PUBLIC_HOST: "127.0.0.1",
      DEMO_REGISTRY_PORT: String(demo.registryPort),
      DEMO_DROPLETS_PORT: String(demo.dropletsPort),
    }),
  };
}

async function anyIfZero(port) {
  return port === 0 ? await findFreePort() : port;
}

function bracketed(host) {
  return host.includes(":") ? `[${host}]` : host;
}
