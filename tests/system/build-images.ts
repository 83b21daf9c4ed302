import { randomUUID } from "node:crypto";
import type { TestProject } from "vitest/node";
import { compose, docker, inspect, run } from "./docker.ts";
import { removeLeftovers } from "./remove-leftovers.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Why the tests that need an engine are skipped, null when there is one. */
    noEngine: string | null;
    /** `docker compose` or `docker-compose`, word by word; empty when there is neither. */
    composeCommand: string[];
    /** An image with nginx and our examples, null where it cannot be built. */
    nginxImage: string | null;
    /** What the names of all containers, networks and volumes of this run begin with. */
    systemRun: string;
  }
}

/** As in compose.env. Kept from run to run: their layers are what makes the next build quick. */
const IMAGES = ["fpai-orchestrator", "fpai-orchestrator-worker", "fpai-orchestrator-demo"].map(
  (name) => `${name}:system-test`,
);

/** Builds the images once, as a user would, and at the end removes whatever tests have left on the engine. */
export async function setup({ provide }: TestProject): Promise<void> {
  const systemRun = `fpai-system-${randomUUID().slice(0, 8)}`;
  const composeCommand = await findCompose();
  const noEngine = composeCommand.length === 0 ? "no docker compose" : await whyNoEngine();
  provide("noEngine", noEngine);
  provide("composeCommand", composeCommand);
  provide("systemRun", systemRun);
  provide("nginxImage", noEngine === null ? await buildNginx() : null);
  if (noEngine !== null) {
    say(`skipped, there is ${noEngine}`);
    return;
  }
  const startedAt = performance.now();
  await build(composeCommand);
  say(`images built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  // A teardown would not be called for a run that is stopped half-way.
  process.on("exit", () => removeLeftovers(systemRun));
}

async function build(composeCommand: string[]): Promise<void> {
  const before = await Promise.all(IMAGES.map(idOfImage));
  await compose(composeCommand, ["--profile", "demo", "build"], { timeoutMs: 600_000 });
  const after = new Set(await Promise.all(IMAGES.map(idOfImage)));
  for (const id of before) {
    // What it was replaced by has taken its name, and nobody would ever remove it.
    if (id !== null && !after.has(id)) await docker("rmi", id).catch(() => {});
  }
}

/** Debian's packages cannot be had from everywhere; all else can still be tested then. */
async function buildNginx(): Promise<string | null> {
  const image = "fpai-orchestrator-nginx:system-test";
  try {
    await docker(
      "build",
      "--file",
      "tests/system/nginx.Dockerfile",
      "--tag",
      image,
      "deploy/nginx",
    );
    return image;
  } catch (error) {
    say(`without nginx: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function idOfImage(name: string): Promise<string | null> {
  try {
    return String(await inspect(name, ".Id"));
  } catch {
    // Never built on this engine.
    return null;
  }
}

async function findCompose(): Promise<string[]> {
  for (const command of [["docker", "compose"], ["docker-compose"]]) {
    const [program = "", ...first] = command;
    try {
      await run(program, [...first, "version"], { timeoutMs: 10_000 });
      return command;
    } catch {
      // Not installed: the other one may be.
    }
  }
  return [];
}

/** NO_DOCKER=1 lets everything be tried as if there were none. */
async function whyNoEngine(): Promise<string | null> {
  if (["1", "true"].includes(process.env["NO_DOCKER"] ?? "")) return "NO_DOCKER";
  try {
    await run("docker", ["info"], { timeoutMs: 10_000 });
    return null;
  } catch {
    return "no Docker engine that answers";
  }
}

function say(what: string): void {
  process.stdout.write(`System tests: ${what}\n`);
}
