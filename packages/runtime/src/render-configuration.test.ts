import { expect, test } from "vitest";
import { z } from "zod";
import { byteSize, optionalText, seconds } from "./configuration-fields.ts";
import { describeConfiguration } from "./describe-configuration.ts";
import { renderConfigurationTable, renderEnvExample } from "./render-configuration.ts";
import { replaceBetweenMarkers } from "./replace-between-markers.ts";

const shared = { BODY_MAX: byteSize(1024 ** 2).describe("Largest body.") };
const api = z.object({
  ...shared,
  WAIT_MAX: seconds(undefined)
    .describe("Longest wait.")
    .meta({ documentedDefault: "TASK_TIMEOUT + 5" }),
});
const worker = z.object({
  ...shared,
  SYNC_INTERVAL: seconds(60).describe("Pause between syncs."),
  CACHE_DIR: optionalText().describe("Folder | path.").meta({ alias: "DIR" }),
  MODE: z.enum(["a", "b"]).default("a").describe("A plain zod field."),
});
const sections = [
  { title: "api", schema: api },
  { title: "worker", schema: worker },
];

test("each variable is described by name, default, example, description and unit", () => {
  expect(describeConfiguration(worker)).toEqual([
    expect.objectContaining({ name: "BODY_MAX", default: "1MB", example: "1MB" }),
    expect.objectContaining({ name: "SYNC_INTERVAL", default: "60", example: "60", unit: "s" }),
    expect.objectContaining({
      name: "CACHE_DIR",
      default: "none",
      example: "",
      description: "Folder | path. (also read as DIR)",
    }),
    { name: "MODE", default: "a", example: "a", description: "A plain zod field." },
  ]);
  expect(describeConfiguration(api)[1]).toMatchObject({ default: "TASK_TIMEOUT + 5", example: "" });
});

test("a variable without a description cannot be documented", () => {
  expect(() => describeConfiguration(z.object({ A: optionalText() }))).toThrow(
    "A has no .describe",
  );
});

test("the env example holds every variable once, commented out", () => {
  const example = renderEnvExample(sections);
  const lines = example.split("\n").filter((line) => line !== "");
  expect(lines.every((line) => line.startsWith("# "))).toBe(true);
  expect(example.match(/^# BODY_MAX=1MB$/gm)).toHaveLength(1);
  expect(example).toContain("# Default: 1MB. Read by: api, worker.\n# BODY_MAX=1MB");
  expect(example).toContain("# Default: TASK_TIMEOUT + 5. Read by: api.\n# WAIT_MAX=\n");
  expect(example).toContain("# Pause between syncs.\n");
  expect(example).toContain("# Default: 60 s. Read by: worker.\n# SYNC_INTERVAL=60\n");
});

test("the table has one padded row per variable and escapes what would end a cell", () => {
  const lines = renderConfigurationTable(sections).split("\n");
  expect(lines).toHaveLength(2 + 5);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines.find((line) => line.includes("CACHE_DIR"))).toContain("Folder \\| path.");
  expect(lines.find((line) => line.includes("SYNC_INTERVAL"))).toContain("| `60` s ");
});

test("one name with two meanings cannot be documented", () => {
  const other = z.object({ BODY_MAX: byteSize(5).describe("Something else.") });
  expect(() => renderEnvExample([...sections, { title: "cli", schema: other }])).toThrow(
    "BODY_MAX is described differently by cli and api, worker",
  );
});

const document = "# T\n\n<!-- begin generated: x -->\nold\n<!-- end generated: x -->\n\nrest\n";

test("text between markers is replaced, the rest kept, and twice is the same as once", () => {
  const once = replaceBetweenMarkers(document, "x", "new $& text\n");
  expect(once).toBe(
    "# T\n\n<!-- begin generated: x -->\n\nnew $& text\n\n<!-- end generated: x -->\n\nrest\n",
  );
  expect(replaceBetweenMarkers(once, "x", "new $& text")).toBe(once);
});

test.each([
  ["absent", "no markers"],
  ["twice there", document + document],
  ["in the wrong order", document.split("old").toReversed().join("old")],
])("markers that are %s are an error", (_how, broken) => {
  expect(() => replaceBetweenMarkers(broken, "x", "new")).toThrow("once each");
});
