import { UnexpectedAnswerError, UnreachableError } from "@orchestrator/client";
import type { Command, Invocation } from "../command.ts";
import { examineApi } from "../doctor/examine-api.ts";
import { examineQueues } from "../doctor/examine-queues.ts";
import { ill, type Finding, type Level } from "../doctor/finding.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { Style } from "../terminal/style.ts";

export const doctor: Command = {
  name: "doctor",
  summary: "Look at everything the service needs, and say what to do about what is wrong",
  description:
    "Looks at the API, its version and Node.js, clocks, Registry, workers, queues and circuits, and at Redis itself when REDIS_URL or --redis-url says where it is. Exit code 1 when something keeps tasks from being kept or done, 4 when the API does not answer.",
  operands: [],
  options: [
    {
      name: "redis-url",
      value: "URL",
      description: "Redis as the processes have it; better in REDIS_URL when it holds a password.",
    },
  ],
  examples: [{ line: "orchestrator doctor", description: "Before asking anybody else" }],
  retryForS: 0,
  run: async ({ client, options, output, signal, url, version, redisUrl }) => {
    // It brings all that knows Redis, which no other command needs: they start in a fraction of the time.
    const { examineRedis } = await import("../doctor/examine-redis.ts");
    const [api, redis] = await Promise.all([
      examine({ client, signal, url, version }),
      examineRedis(options.text("redis-url") ?? redisUrl),
    ]);
    const findings = [...api, ...redis];
    output.result({ findings }, (style) => findings.map((one) => lineOf(one, style)).join("\n"));
    return exitCodeOf(findings);
  },
};

async function examine(
  asked: Pick<Invocation, "client" | "signal" | "url" | "version">,
): Promise<Finding[]> {
  try {
    const api = await examineApi(asked);
    return [...api, ...(await examineQueues(asked.client, asked.signal))];
  } catch (error) {
    if (error instanceof UnreachableError) {
      const advice = "is it running? npm start, or set ORCHESTRATOR_URL to where it is";
      return [ill("fail", "api", error.message, advice)];
    }
    if (error instanceof UnexpectedAnswerError) {
      const advice = "set ORCHESTRATOR_URL to where the Orchestrator is";
      return [ill("fail", "api", error.message, advice)];
    }
    throw error;
  }
}

const MARKS: Record<Level, string> = { ok: "ok  ", warn: "warn", fail: "FAIL", unknown: "?   " };

function lineOf({ level, check, found, advice }: Finding, style: Style): string {
  const paint = { ok: style.green, warn: style.yellow, fail: style.red, unknown: style.dim }[level];
  const line = `${paint(MARKS[level])}  ${check}: ${plainText(found)}`;
  return advice === null ? line : `${line}\n      ${style.bold("→")} ${advice}`;
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const failed = findings.filter(({ level }) => level === "fail");
  if (failed.some(({ check }) => check === "api")) return EXIT.unreachable;
  return failed.length > 0 ? EXIT.taskFailed : EXIT.ok;
}
