import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { boundPort } from "../support/free-port.ts";
import { Service } from "../support/service.ts";

/** What a person reads who started it. */
function wordsOf({ logs }: Service): string {
  return logs.lines.map((line) => JSON.stringify(line)).join("\n");
}

test.for([
  [
    "api",
    {
      REDIS_URL: "http://redis",
      REGISTRY_URL: "registry:8000",
      PORT: "70000",
      TASK_TIMEOUT: "soon",
      TASK_MAX_RETRIES: "-1",
      BODY_MAX: "much",
      LOG_LEVEL: "loud",
      API_KEYS: "short:read:hunter2",
      RATE_LIMIT: "many",
    },
  ],
  [
    "worker",
    {
      REDIS_URL: "redis://u:hunter2@host:port",
      REGISTRY_URL: "ftp://registry",
      WORKER_PORT: "web",
      REGISTRY_SYNC_INTERVAL: "0",
      DROPLET_CONCURRENCY: "none",
      RESPONSE_BODY_MAX: "-1",
      DROPLET_GLOBAL_RATE: "fast",
      DROPLET_ALLOWED_HOSTS: "a/b",
      DROPLET_DENIED_NETWORKS: "everything",
    },
  ],
] as const)(
  "%s with a wrong configuration exits with 1 and names every wrong variable at once",
  async ([app, env], { expect: the }) => {
    const service = new Service({ name: app, app, env });
    service.spawn();
    the(await service.untilExit()).toMatchObject({ code: 1 });
    const words = wordsOf(service);
    for (const name of Object.keys(env)) the(words).toContain(name);
    the(words).not.toContain("hunter2");
    the(service.logs.find(`${app}.listening`)).toBeUndefined();
  },
);

test("a network to deny that cannot be read exits with 1 and is named", async () => {
  const env = { DROPLET_DENIED_NETWORKS: "10.0.0.0/8,everything" };
  const service = new Service({ name: "worker", app: "worker", env });
  service.spawn();
  expect(await service.untilExit()).toMatchObject({ code: 1 });
  expect(wordsOf(service)).toContain("DROPLET_DENIED_NETWORKS");
  expect(wordsOf(service)).toContain("everything");
});

test.for([
  ["api", "PORT"],
  ["worker", "WORKER_PORT"],
] as const)(
  "%s on a port that is taken exits with 1 and names port and variable",
  async ([app, variable], { expect: the }) => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const port = String(boundPort(holder));
    try {
      const env = { HOST: "127.0.0.1", [variable]: port, REDIS_URL: "redis://127.0.0.1:1" };
      const service = new Service({ name: app, app, env });
      service.spawn();
      the(await service.untilExit()).toMatchObject({ code: 1 });
      the(wordsOf(service)).toMatch(new RegExp(`${port}.*\\b${variable}\\b`));
    } finally {
      holder.close();
    }
  },
);
