import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openTracing } from "./tracing.ts";

const log = { warn: () => {} };

test("without an endpoint nothing is traced", async () => {
  const settings = { endpoint: undefined, service: "api", version: "1.2.3", log };
  expect(await openTracing(settings)).toBeNull();
});

test.each([
  ["", []],
  ["http://127.0.0.1:9", ["exporter-trace-otlp-http", "sdk-trace"]],
])(
  "with the endpoint '%s' of OpenTelemetry's SDK these are loaded: %j",
  async (endpoint, loaded) => {
    const script = `
    import { createRequire } from "node:module";
    import { openTracing } from "@orchestrator/runtime";
    const log = { warn() {} };
    await openTracing({ endpoint: "${endpoint}" || undefined, service: "api", version: "1.2.3", log });
    const files = Object.keys(createRequire(import.meta.url).cache);
    const names = files.map((file) => /@opentelemetry.(sdk-trace|exporter-trace-otlp-http)./.exec(file)?.[1]);
    console.log(JSON.stringify([...new Set(names.filter(Boolean))].sort()));
    process.exit();
  `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", script],
      { cwd: import.meta.dirname },
    );
    expect(JSON.parse(stdout)).toEqual(loaded);
  },
);
