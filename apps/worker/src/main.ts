import { chooseSnapshotFolder } from "@orchestrator/queue";
import {
  createLogger,
  readConfigurationOrExit,
  tuneMemory,
  untilStopped,
} from "@orchestrator/runtime";
import manifest from "../package.json" with { type: "json" };
import { addressPolicy, WorkerConfig } from "./config.ts";
import { startWorker } from "./start-worker.ts";

/** What closing may take beyond the grace of running attempts before the process gives up on being tidy. */
const CLOSING_MS = 5000;

tuneMemory();
const config = readConfigurationOrExit(WorkerConfig, process.env);
const { version } = manifest;
const log = createLogger({
  service: "orchestrator-worker",
  version,
  level: config.LOG_LEVEL,
  redactFields: config.REDACT_FIELDS,
});
const stopping = new AbortController();
const stopped = untilStopped({ log, graceMs: config.SHUTDOWN_GRACE * 1000 + CLOSING_MS });
void stopped.then(() => stopping.abort());
try {
  await using _worker = await startWorker({
    config,
    policy: addressPolicy(config),
    cacheDir: chooseSnapshotFolder(config.REGISTRY_CACHE_DIR),
    version,
    log,
    signal: stopping.signal,
  });
  await stopped;
} catch (error) {
  // Told to stop while it was still waiting for Redis: there was nothing to close.
  if (!stopping.signal.aborted) throw error;
}
