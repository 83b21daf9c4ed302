import { isRefused, type OrchestratorClient } from "@orchestrator/client";
import { examineClock } from "./examine-clock.ts";
import { fine, ill, type Finding } from "./finding.ts";

const OLDEST_NODE_MAJOR = 24;
const METRICS_MS_MAX = 5000;

interface Examined {
  client: OrchestratorClient;
  url: string;
  /** Ours. */
  version: string;
  signal: AbortSignal;
}

/** Looks at the API and what it knows of Redis, Registry and workers. @throws what keeps it from answering */
export async function examineApi({ client, url, version, signal }: Examined): Promise<Finding[]> {
  const askedAt = Date.now();
  const health = await client.health({ signal });
  const answeredAt = Date.now();
  const { registry, cache, redis, workers } = health.dependencies;
  const age = cache.age_seconds === null ? "no list" : `list ${cache.age_seconds} s old`;
  return [
    fine("api", `${health.status} at ${url}`),
    health.version === version
      ? fine("versions", `${version} here and there`)
      : ill("warn", "versions", `${version} here, ${health.version} there`, "use the same release"),
    examineClock("clock of the api", Date.parse(health.timestamp), askedAt, answeredAt),
    redis.status === "healthy"
      ? fine("api to redis", "connected")
      : ill("fail", "api to redis", "not connected", "docs/operations.md#redis"),
    registry.status === "healthy"
      ? fine("registry", `answers at ${registry.url}, ${age}`)
      : ill(
          registry.status === "unhealthy" ? "fail" : "warn",
          "registry",
          `${registry.error ?? registry.status} (${registry.url}), ${age}`,
          "tasks go by the last list until it is back; see REGISTRY_URL, and the log of a worker",
        ),
    ...(cache.warning === null
      ? []
      : [ill("warn", "snapshot", cache.warning, "make REGISTRY_CACHE_DIR writable")]),
    workers.count > 0
      ? fine("workers", `${workers.count} alive`)
      : ill("fail", "workers", "none: tasks are taken and wait", "start a worker; see its log"),
    ...(await examineAccess(client, signal)),
    ...(await examineNode(url, signal)),
  ];
}

/** Whether our key opens what we came for. */
async function examineAccess(client: OrchestratorClient, signal: AbortSignal): Promise<Finding[]> {
  const { sign_in } = await client.info({ signal });
  try {
    await client.list({ limit: 1 }, { signal });
    return [fine("sign-in", sign_in === "required" ? "our key is good" : "off")];
  } catch (error) {
    if (!isRefused(error)) throw error;
    const isKey = error.code === "UNAUTHORIZED" || error.code === "FORBIDDEN";
    const advice = isKey
      ? "set ORCHESTRATOR_API_KEY to a key with the scope read"
      : "see the log of the API";
    return [ill(isKey ? "warn" : "fail", "sign-in", `${error.code}: ${error.message}`, advice)];
  }
}

/** The API's Node.js, as its metrics for Prometheus tell, and ours. Those are beside the prefix, and may be closed. */
async function examineNode(url: string, signal: AbortSignal): Promise<Finding[]> {
  const ours = fine("node here", process.version);
  const answer = await fetch(new URL("/metrics", url), {
    headers: { accept: "text/plain" },
    signal: AbortSignal.any([signal, AbortSignal.timeout(METRICS_MS_MAX)]),
  });
  const found = /nodejs_version_info\{[^}]*version="(v(\d+)[^"]*)"/.exec(await answer.text());
  if (found === null) return [ours];
  const [, theirs = "", major = ""] = found;
  if (Number(major) >= OLDEST_NODE_MAJOR) return [ours, fine("node of the api", theirs)];
  const advice = `Node.js ${OLDEST_NODE_MAJOR} is what we test with`;
  return [ours, ill("warn", "node of the api", theirs, advice)];
}
