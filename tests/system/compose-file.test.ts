import { describe, expect, inject, test } from "vitest";
import { ApiConfig } from "../../apps/api/src/config.ts";
import { WorkerConfig } from "../../apps/worker/src/config.ts";
import { compose } from "./docker.ts";

const command = inject("composeCommand");
const title = "docker-compose.yml";

/** What the file itself decides: where things are inside, its own Redis without TLS among them. */
const DECIDED = new Set([
  "HOST",
  "PORT",
  "REDIS_TLS_CA",
  "REDIS_TLS_CERT",
  "REDIS_TLS_KEY",
  "REDIS_URL",
  "REGISTRY_CACHE_DIR",
  "WORKER_PORT",
]);

/** No engine is needed for these: compose only reads. */
describe.skipIf(command.length === 0)(title, () => {
  test("hands every setting on to the API and the workers", async () => {
    const variables = new Set([
      ...Object.keys(ApiConfig.shape),
      ...Object.keys(WorkerConfig.shape),
    ]);
    const settings = [...variables].filter((name) => !DECIDED.has(name) && !isBuilt(name));
    const env = Object.fromEntries(settings.map((name) => [name, `given-${name}-`]));
    const resolved = await compose(command, ["config"], { env });
    const missing = settings.filter((name) => resolved.split(`given-${name}-`).length !== 3);
    expect(missing, "add them to x-settings in docker-compose.yml").toEqual([]);
  });

  test("is valid with both of its profiles", async () => {
    const profiles = ["--profile", "demo", "--profile", "observe"];
    const resolved = await compose(command, [...profiles, "config", "--services"]);
    expect(resolved.split("\n").toSorted()).toEqual(
      ["api", "demo", "grafana", "prometheus", "redis", "worker"].toSorted(),
    );
  });

  test("gives a worker longer to stop than its drain may take", async () => {
    const resolved = await compose(command, ["config"]);
    const worker = /^ {2}worker:$[^]*?^ {4}stop_grace_period: (\S+)$/m.exec(resolved)?.[1];
    const seconds = Number(worker?.replace(/^(\d+)s$/, "$1"));
    expect(seconds).toBeGreaterThan(WorkerConfig.parse({}).SHUTDOWN_GRACE + 5);
  });
});

/** Set when the image is built. */
function isBuilt(name: string): boolean {
  return ["BUILD_DATE", "COMMIT_HASH"].includes(name);
}
