import { chooseSnapshotFolder } from "@orchestrator/queue";
import {
  createLogger,
  readConfigurationOrExit,
  tuneMemory,
  untilStopped,
} from "@orchestrator/runtime";
import manifest from "../package.json" with { type: "json" };
import { ApiConfig } from "./config.ts";
import { startApi } from "./start-api.ts";

/** How long closing may take before the process gives up on being tidy. */
const CLOSING_MS = 10_000;

tuneMemory();
const config = readConfigurationOrExit(ApiConfig, process.env);
const { version } = manifest;
const log = createLogger({
  service: "orchestrator-api",
  version,
  level: config.LOG_LEVEL,
  redactFields: config.REDACT_FIELDS,
});
await using _api = await startApi({
  config,
  cacheDir: chooseSnapshotFolder(config.REGISTRY_CACHE_DIR),
  version,
  log,
});
await untilStopped({ log, graceMs: CLOSING_MS });
