import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
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
import type { Field } from "./configuration-fields.ts";
import { ConfigurationError, readConfiguration } from "./read-configuration.ts";

const Configuration = z.object({
  TASK_TIMEOUT: seconds(30).describe("How long a task may take."),
  WAIT_MAX: seconds(undefined).describe("Longest wait."),
  BODY_MAX: byteSize(1024 ** 2).describe("Largest body."),
  PORT: port(8001).describe("Port."),
  REGISTRY_URL: httpUrl("http://localhost:8000").describe("Registry."),
  REGISTRY_KEY: optionalText().describe("Key."),
  REDIS_URL: redisUrl("redis://localhost:6379").describe("Redis."),
  LOG_LEVEL: logLevel("info").describe("Level."),
  RATE_LIMIT: flag(false).describe("Limit."),
  REGISTRY_CACHE_DIR: optionalText().describe("Folder.").meta({ alias: "CACHE_DIR" }),
});

function mistakesOf(schema: z.ZodObject, env: Record<string, string>): readonly string[] {
  try {
    readConfiguration(schema, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
  return [];
}

function parse<Value>(field: Field<Value>, value: string): Value | undefined {
  return field.safeParse(value).data;
}

test("unset, empty and blank variables give their defaults, typed", () => {
  const configuration = readConfiguration(Configuration, { PORT: "", LOG_LEVEL: "  " });
  expect(configuration).toMatchObject({
    TASK_TIMEOUT: 30,
    BODY_MAX: 1_048_576,
    PORT: 8001,
    REGISTRY_URL: "http://localhost:8000",
    LOG_LEVEL: "info",
    RATE_LIMIT: false,
  });
  expect(configuration.WAIT_MAX).toBeUndefined();
  expectTypeOf(configuration.TASK_TIMEOUT).toEqualTypeOf<number>();
  expectTypeOf(configuration.WAIT_MAX).toEqualTypeOf<number | undefined>();
  expectTypeOf(configuration.REGISTRY_URL).toEqualTypeOf<string>();
  expectTypeOf(configuration.REGISTRY_KEY).toEqualTypeOf<string | undefined>();
});

test("every wrong variable is named at once, one per line, with what was got and what is allowed", () => {
  const env = { TASK_TIMEOUT: "soon", PORT: "70000", LOG_LEVEL: "loud", REDIS_URL: "localhost" };
  expect(mistakesOf(Configuration, env)).toEqual([
    'TASK_TIMEOUT: got "soon", must be a number of seconds above 0 and at most 2147483, such as 30 or 0.5',
    'PORT: got "70000", must be a whole number from 0 to 65535',
    'REDIS_URL: got "localhost", must be a redis://, rediss://, redis-sentinel:// or redis-cluster:// address, such as redis://localhost:6379',
    'LOG_LEVEL: got "loud", must be one of trace, debug, info, warn, error, fatal, silent',
  ]);
  expect(() => readConfiguration(Configuration, env)).toThrow(/is wrong:\n {2}TASK_TIMEOUT.*\n/);
});

test("a required plain zod field that is unset is reported as not set", () => {
  const schema = z.object({ NAME: z.string({ error: "must be a name" }) });
  expect(mistakesOf(schema, {})).toEqual(["NAME: not set, must be a name"]);
});

test("a rule over several variables is reported under the variable it names", () => {
  const schema = z
    .object({ A: count(1), B: count(2) })
    .refine(({ A, B }) => A < B, { path: ["A"], error: "must be below B" });
  expect(mistakesOf(schema, { A: "5" })).toEqual(['A: got "5", must be below B']);
});

test("a mistake never shows a secret or the credentials within a URL", () => {
  const schema = z.object({
    REGISTRY_TOKEN: count(0),
    OPERATOR_PASSWORD: count(0),
    REDIS_URL: httpUrl(),
  });
  const env = {
    REGISTRY_TOKEN: "hunter2",
    OPERATOR_PASSWORD: "hunter2",
    REDIS_URL: "redis://u:hunter2/hunter2@h",
  };
  const mistakes = mistakesOf(schema, env);
  expect(mistakes).toHaveLength(3);
  expect(mistakes.join("\n")).not.toContain("hunter2");
  expect(mistakes[2]).toContain('"redis://***@h"');
});

test("a second name is read when the first is unset, and named when it is wrong", () => {
  const second = readConfiguration(Configuration, { CACHE_DIR: "/b" });
  expect(second.REGISTRY_CACHE_DIR).toBe("/b");
  const both = readConfiguration(Configuration, { CACHE_DIR: "/b", REGISTRY_CACHE_DIR: "/a" });
  expect(both.REGISTRY_CACHE_DIR).toBe("/a");
  const schema = z.object({ LIMIT: count(1).meta({ alias: "MAX" }) });
  expect(mistakesOf(schema, { MAX: "x" })[0]).toMatch(/^MAX: got "x"/);
});

test.each([
  ["0.5", 0.5],
  [" 60 ", 60],
  ["0", undefined],
  ["-1", undefined],
  ["60s", undefined],
  ["1e3", undefined],
  ["Infinity", undefined],
  ["2147484", undefined],
])("seconds reads %s as %s", (value, expected) => {
  expect(parse(seconds(1), value)).toBe(expected);
});

test.each([
  ["1048576", 1_048_576],
  ["1MB", 1_048_576],
  ["256 mb", 268_435_456],
  ["512KB", 524_288],
  ["1.5GB", 1_610_612_736],
  ["0", undefined],
  ["1TB", undefined],
  ["-1", undefined],
  ["1,000", undefined],
])("byteSize reads %s as %s", (value, expected) => {
  expect(parse(byteSize(1), value)).toBe(expected);
});

test.each([
  ["http://h:1/base/", "http://h:1/base"],
  ["https://h/", "https://h"],
  ["http://h/keys?a=/", "http://h/keys?a=/"],
  ["h:8000", undefined],
  ["ftp://h", undefined],
  ["http:/h", undefined],
  ["http://", undefined],
  ["http://a b", undefined],
  ["http://h:port", undefined],
])("httpUrl reads %s as %s", (value, expected) => {
  expect(parse(httpUrl(), value)).toBe(expected);
});

test.each([
  ["redis://:p@h:6379/1", true],
  ["rediss://h", true],
  ["redis-sentinel://h1:26379,h2:26379/master", true],
  ["redis-sentinel://u:p@h1,[::1]:26379/master/2?sentinel_password=s&tls=true", true],
  ["redis-sentinel://h1:26379,h2:26379", false],
  ["redis-sentinel://h1:26379/master/two", false],
  ["redis-sentinel://h1:port/master", false],
  ["redis-cluster://h1:1,h2:2", true],
  ["redis-cluster://u:p@h1,h2/?tls=true", true],
  ["redis-cluster://h1,,h2", false],
  ["redis://h:port", false],
  ["redis-cluster://", false],
  ["http://h", false],
])("redisUrl takes %s: %s", (value, isTaken) => {
  expect(parse(redisUrl(undefined), value)).toBe(isTaken ? value : undefined);
});

test.each([
  ["orchestrator", true],
  ["team-a:orchestrator.v2", true],
  ["team{a}", false],
  ["team*", false],
  ["x".repeat(101), false],
])("keyPrefix takes %s: %s", (value, isTaken) => {
  expect(parse(keyPrefix("p"), value)).toBe(isTaken ? value : undefined);
});

test("readableFile takes files it can read, and nothing else", () => {
  const file = fileURLToPath(import.meta.url);
  expect(parse(readableFile(), file)).toBe(file);
  expect(parse(readableFile(), dirname(file))).toBeUndefined();
  expect(parse(readableFile(), `${file}.pem`)).toBeUndefined();
});

test("counts keep to their inclusive bounds and to whole numbers", () => {
  const field = count(5, { min: 1, max: 20 });
  expect(["1", "20", "0", "21", "2.0", "0x2"].map((value) => parse(field, value))).toEqual([
    1,
    20,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("flags read the usual words in any case", () => {
  const on = ["true", "1", "YES", "on"];
  const off = ["false", "0", "No", "off"];
  expect(new Set(on.map((word) => parse(flag(false), word)))).toEqual(new Set([true]));
  expect(new Set(off.map((word) => parse(flag(true), word)))).toEqual(new Set([false]));
  expect(parse(flag(true), "maybe")).toBeUndefined();
});

test("a text keeps its default and loses surrounding blanks", () => {
  expect(text("0.0.0.0").parse(undefined)).toBe("0.0.0.0");
  expect(text("0.0.0.0").parse(" ::1 ")).toBe("::1");
});

test("a text with rules of its own is told beside the others that are wrong, and kept when it is right", () => {
  const schema = z.object({
    PORT: port(8001),
    API_KEYS: checkedText((value) => (value === "right" ? [] : ["is not right", "is wrong"])),
  });
  expect(mistakesOf(schema, { PORT: "high", API_KEYS: "secret" })).toEqual([
    'PORT: got "high", must be a whole number from 0 to 65535',
    "API_KEYS: got [redacted], is not right",
    "API_KEYS: got [redacted], is wrong",
  ]);
  expect(readConfiguration(schema, { API_KEYS: " right " }).API_KEYS).toBe("right");
  expect(readConfiguration(schema, {}).API_KEYS).toBeUndefined();
});
