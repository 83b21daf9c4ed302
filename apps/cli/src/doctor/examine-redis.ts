import { connect, FAILING_FAST, untilReady } from "@orchestrator/queue";
import { examineClock } from "./examine-clock.ts";
import { fine, ill, type Finding } from "./finding.ts";

const CONNECT_MS_MAX = 3000;
const OLDEST = [6, 2];
const MEMORY_PERCENT_MAX = 80;

/**
 * Looks at the Redis that holds the tasks, by INFO and TIME alone: managed ones allow no CONFIG.
 * @param url as the processes have it; null when it was not said, and nothing is looked at
 */
export async function examineRedis(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) {
    const advice = "set REDIS_URL to what the processes have, where Redis can be reached";
    return [ill("unknown", "redis", "not looked at: REDIS_URL is not set", advice)];
  }
  const redis = connect({ url, name: "orchestrator-doctor", onError: () => {} }, FAILING_FAST);
  try {
    await Promise.race([untilReady(redis), tooLate()]);
    const askedAt = Date.now();
    const [seconds, microseconds] = await redis.time();
    const redisMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const clock = examineClock("clock of redis", redisMs, askedAt, Date.now());
    return [...judgeRedis(readInfo(await redis.info())), clock];
  } catch {
    // Why is not said: it could hold the URL, and that a password.
    const advice = "check REDIS_URL, the network and the password; docs/operations.md#redis";
    return [ill("fail", "redis", "does not answer at REDIS_URL", advice)];
  } finally {
    redis.disconnect();
  }
}

async function tooLate(): Promise<never> {
  return await new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error("too late")), CONNECT_MS_MAX).unref();
  });
}

/** `name:value` lines. */
export function readInfo(text: string): Map<string, string> {
  return new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

/** @param info what INFO says */
export function judgeRedis(info: ReadonlyMap<string, string>): Finding[] {
  return [judgeVersion(info), judgeEviction(info), judgePersistence(info), judgeMemory(info)];
}

function judgeVersion(info: ReadonlyMap<string, string>): Finding {
  const version = info.get("redis_version") ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  if (isNew) return fine("redis version", version);
  return ill("fail", "redis version", version, `upgrade Redis to ${OLDEST.join(".")} or newer`);
}

function judgeEviction(info: ReadonlyMap<string, string>): Finding {
  const policy = info.get("maxmemory_policy") ?? "unknown";
  if (policy === "noeviction") return fine("redis maxmemory-policy", policy);
  return ill(
    "fail",
    "redis maxmemory-policy",
    policy,
    "Redis may drop tasks when it is full: CONFIG SET maxmemory-policy noeviction, and keep it in redis.conf",
  );
}

function judgePersistence(info: ReadonlyMap<string, string>): Finding {
  const check = "redis appendonly";
  if (info.get("aof_enabled") !== "1") {
    const advice =
      "a restart of Redis loses tasks: CONFIG SET appendonly yes, and keep it in redis.conf";
    return ill("warn", check, "no", advice);
  }
  const status = info.get("aof_last_write_status") ?? "unknown";
  if (status === "ok") return fine(check, "yes");
  return ill("fail", check, `yes, but its last write: ${status}`, "is the disk of Redis full?");
}

function judgeMemory(info: ReadonlyMap<string, string>): Finding {
  const check = "redis memory";
  const used = Number(info.get("used_memory") ?? 0);
  const most = Number(info.get("maxmemory") ?? 0);
  const usedMb = `${Math.round(used / 1024 / 1024)} MB`;
  if (most === 0) return fine(check, `${usedMb}, no limit`);
  const percent = Math.round((used / most) * 100);
  const found = `${usedMb}, ${percent} % of maxmemory`;
  if (percent < MEMORY_PERCENT_MAX) return fine(check, found);
  return ill("warn", check, found, "raise maxmemory, or find the droplet whose queue grows: top");
}
