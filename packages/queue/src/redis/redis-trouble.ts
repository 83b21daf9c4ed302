/** How a Redis begins its answer that takes no write now: full, read-only, loading, without its replicas. */
const REFUSED_CODES =
  "OOM|READONLY|MISCONF|LOADING|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY";

/** From inside a script Redis 6.2 puts a sentence and a dash before the code. */
const REFUSED = new RegExp(String.raw`^(ERR Error running script .*: -)?(${REFUSED_CODES})\b`);

/** What ioredis and BullMQ throw when Redis is away or hangs. */
const AWAY =
  /isn't writeable|Command timed out|Connection is closed|Redis is not connected|max retries per request|Cluster isn't ready|Cluster is ended|Too many Cluster redirections|None of startup nodes|Failed to refresh slots|All sentinels are unreachable|ECONN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENOTFOUND/i;

/** Whether an error says that Redis cannot serve us now; nothing is wrong with the request or with us. */
export function isRedisTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    AWAY.test(error.message) || isRedisRefusal(error) || error.name === "MaxRetriesPerRequestError"
  );
}

/** Whether Redis answers, but takes no write now: nothing of what was sent has been done. */
export function isRedisRefusal(error: unknown): boolean {
  return error instanceof Error && REFUSED.test(error.message);
}
