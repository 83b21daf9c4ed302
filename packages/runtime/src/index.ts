export {
  byteSize,
  checkedText,
  count,
  flag,
  httpUrl,
  keyPrefix,
  logLevel,
  optionalText,
  port,
  readableFile,
  redisUrl,
  seconds,
  text,
} from "./configuration-fields.ts";
export type { Field } from "./configuration-fields.ts";
export { describeConfiguration } from "./describe-configuration.ts";
export type { ConfigurationRow } from "./describe-configuration.ts";
export { watchEventLoopLag } from "./event-loop-lag.ts";
export type { EventLoopLag } from "./event-loop-lag.ts";
export { startHealthServer } from "./health-server.ts";
export type { HealthServerOptions, Readiness } from "./health-server.ts";
export { closeWithin } from "./close-within.ts";
export { logSeldom } from "./log-seldom.ts";
export { listen } from "./listen.ts";
export type { Listening, ListenOptions } from "./listen.ts";
export { createLogger } from "./logger.ts";
export type { Logger, LoggerSettings, LogLevel } from "./logger.ts";
export { createMetrics } from "./metrics.ts";
export type { Metrics, MetricsSettings, MetricsText } from "./metrics.ts";
export { jittered, periodically } from "./periodically.ts";
export type { PeriodicWork, PeriodicWorkOptions } from "./periodically.ts";
export { watchProcessUsage } from "./process-usage.ts";
export type { ProcessUsage, ProcessUsageWatch } from "./process-usage.ts";
export { ConfigurationError, readConfiguration } from "./read-configuration.ts";
export type { Environment } from "./read-configuration.ts";
export { readConfigurationOrExit } from "./read-configuration-or-exit.ts";
export { redactionOf } from "./redaction.ts";
export type { Redaction } from "./redaction.ts";
export { renderConfigurationTable, renderEnvExample } from "./render-configuration.ts";
export type { ConfigurationSection } from "./render-configuration.ts";
export { replaceBetweenMarkers } from "./replace-between-markers.ts";
export { untilStopped } from "./shutdown.ts";
export type { StopOptions, StopReason } from "./shutdown.ts";
export { openTracing } from "./tracing.ts";
export type {
  Span,
  SpanAttributes,
  SpanEnd,
  SpanStart,
  Tracing,
  TracingSettings,
} from "./tracing.ts";
export { tuneMemory } from "./tune-memory.ts";
export { scrubUrlCredentials } from "./url-credentials.ts";
