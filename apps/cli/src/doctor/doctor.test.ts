import { expect, it } from "vitest";
import { examineClock } from "./examine-clock.ts";
import { judgeRedis, readInfo } from "./examine-redis.ts";

const GOOD = `# Server\r
redis_version:7.0.15\r
maxmemory_policy:noeviction\r
aof_enabled:1\r
aof_last_write_status:ok\r
used_memory:1048576\r
maxmemory:0\r
`;

/** The findings that need somebody, of a Redis that differs in this from a good one. */
function complaints(...differences: string[]): string[] {
  const info = readInfo(GOOD + differences.join("\r\n"));
  const ill = judgeRedis(info).filter(({ level }) => level !== "ok");
  return ill.map(({ level, check }) => `${level} ${check}`);
}

it.each([
  [[], []],
  [["redis_version:6.0.16"], ["fail redis version"]],
  [["redis_version:6.2.0"], []],
  [["maxmemory_policy:allkeys-lru"], ["fail redis maxmemory-policy"]],
  [["aof_enabled:0"], ["warn redis appendonly"]],
  [["aof_last_write_status:err"], ["fail redis appendonly"]],
  [["maxmemory:1200000"], ["warn redis memory"]],
  [["maxmemory:12000000"], []],
])("a Redis with %j: %j", (differences, expected) => {
  expect(complaints(...differences)).toEqual(expected);
});

it.each([
  ["within the asking", 1500, "ok"],
  ["a little ahead", 2900, "ok"],
  ["ahead", 4000, "warn"],
  ["behind", -1, "warn"],
])("a clock that is %s", (_how, theirMs, level) => {
  expect(examineClock("clock", theirMs, 1000, 2000).level).toBe(level);
});
