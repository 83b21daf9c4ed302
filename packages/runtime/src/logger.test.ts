import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import type { LogLevel } from "./logger.ts";

function collect(level: LogLevel = "info") {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: "worker", version: "2.0.0", level, destination });
  return { log, lines, last: (): unknown => JSON.parse(lines.at(-1) ?? "null") };
}

test("every line is one JSON object with time, level as a word, service, version and pid", () => {
  const { log, lines, last } = collect();
  log.warn({ event: "attempt.finished", task_id: "t1" }, "done");
  expect(lines).toHaveLength(1);
  expect(last()).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: "worker",
    version: "2.0.0",
    pid: process.pid,
    event: "attempt.finished",
    task_id: "t1",
    msg: "done",
  });
});

test("no secret reaches a line, whatever field, child logger, message or error it hides in", () => {
  const { log, lines } = collect();
  log.info({ headers: { authorization: "hunter2", accept: "*/*" }, password: "hunter2" });
  log.info({ body: { a: [{ client_secret: "hunter2" }] }, target_url: "http://h/?token=hunter2" });
  log.child({ headers: { cookie: "hunter2" }, token: "hunter2" }).info("bound");
  log.info("connecting to redis://:hunter2@cache");
  log.error(new Error("lost redis://:hunter2@cache", { cause: new Error("http://a:hunter2@b") }));
  expect(lines).toHaveLength(5);
  expect(lines.join("")).not.toContain("hunter2");
  expect(lines.join("")).toContain('"accept":"*/*"');
});

test("an error is logged whole, with its cause, also when logged alone", () => {
  const { log, last } = collect();
  log.error(new Error("outer", { cause: new RangeError("inner") }));
  expect(last()).toMatchObject({
    msg: "outer",
    err: { type: "Error", message: "outer", cause: { type: "RangeError", message: "inner" } },
  });
});

test("an instance reaches the serializer that is registered for its field", () => {
  class Response {
    readonly statusCode = 204;
  }
  const { log, last } = collect();
  const serializers = { res: (response: Response) => response.statusCode };
  log.child({}, { serializers }).info({ res: new Response() });
  expect(last()).toMatchObject({ res: 204 });
});

test("lines below the level are not written", () => {
  const { log, lines } = collect("error");
  log.info({ event: "task.accepted" });
  expect(lines).toEqual([]);
});
