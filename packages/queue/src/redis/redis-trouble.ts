/** What ioredis and BullMQ throw when Redis is away, hangs, or refuses writes. */
const TROUBLE =
  /isn't writeable|Command timed out|Connection is closed|Redis is not connected|max retries per request|Cluster isn't ready|Cluster is ended|Too many Cluster redirections|None of startup nodes|Failed to refresh slots|All sentinels are unreachable|^(OOM|READONLY|MISCONF|LOADING|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY)\b|ECONN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENOTFOUND/i;

/** Whether an error says that Redis cannot serve us now; nothing is wrong with the request or with us. */
export function isRedisTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return TROUBLE.test(error.message) || error.name === "MaxRetriesPerRequestError";
}
