import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Droplet } from "./droplet.ts";
import { normaliseDropletList, type SkippedEntry } from "./normalise-droplet-list.ts";

function listOf(answer: unknown, maxDroplets = 1000) {
  const list = normaliseDropletList(answer, { maxDroplets });
  if (list.kind === "unusable") throw new Error(list.reason);
  return list;
}

function reasonOf(answer: unknown): string {
  const list = normaliseDropletList(answer, { maxDroplets: 1000 });
  return list.kind === "unusable" ? list.reason : `a list of ${list.droplets.length}`;
}

const namesOf = (answer: unknown) => listOf(answer).droplets.map(({ name }) => name);
const endpointsOf = (answer: unknown) => listOf(answer).droplets.map(({ endpoint }) => endpoint);

const echo = { id: 7, name: "echo", endpoint: "http://echo:8000" };
const slow = { id: 8, name: "slow", endpoint: "http://slow:8000" };

describe("the answer of a Registry", () => {
  it.each([
    ["a bare array", [echo, slow]],
    ["an envelope `droplets`", { status: "ok", total: 2, droplets: [echo, slow] }],
    ["an envelope `registry`", { registry: [echo, slow] }],
    ["an envelope `services`", { services: [echo, slow] }],
    ["an envelope `data`", { data: [echo, slow] }],
    [
      "a nested envelope",
      { udc_version: "1.0", id: "x", payload: { data: { droplets: [echo, slow] } } },
    ],
    [
      "a dictionary keyed by name",
      { echo: { endpoint: echo.endpoint }, slow: { url: slow.endpoint } },
    ],
    ["an envelope around a dictionary", { data: { echo, slow } }],
    ["a dictionary with a count", { count: 2, echo, slow }],
    ["a second envelope after an empty one", { droplets: [], services: [echo, slow] }],
  ])("is read when it is %s", (_, answer) => {
    expect(namesOf(answer)).toEqual(["echo", "slow"]);
    expect(endpointsOf(answer)).toEqual([echo.endpoint, slow.endpoint]);
  });

  it("may be a dictionary with a droplet that is named like an envelope", () => {
    const answer = {
      registry: { host: "registry", port: 8000 },
      data: { url: "http://data:1" },
      echo,
    };
    expect(namesOf(answer)).toEqual(["registry", "data", "echo"]);
    expect(namesOf({ registry: { metadata: { endpoint: "http://r" } }, echo })).toEqual([
      "registry",
      "echo",
    ]);
    expect(namesOf({ registry: { metadata: { name: "R" }, endpoint: "http://r" }, echo })).toEqual([
      "R",
      "echo",
    ]);
  });

  it.each([
    [null, "the answer is not a list or an object"],
    ["droplets", "the answer is not a list or an object"],
    [[], "the answer is empty"],
    [{}, "the answer is empty"],
    [{ droplets: [], total: 0 }, "droplets is empty"],
    [{ data: { droplets: {} } }, "data.droplets is empty"],
    [{ droplets: null }, "the answer holds no droplets"],
    [{ message: "hi" }, "the answer is an error report"],
    [{ status: "error", detail: { url: "http://h" } }, "the answer is an error report"],
    [{ success: false, echo }, "the answer is an error report"],
    [{ error: "no", echo }, "the answer is an error report"],
    [{ detail: [{ loc: ["query"], msg: "field required" }] }, "the answer holds no droplets"],
    [{ version: "1", uptime: 5, database: { url: "http://db" } }, "the answer holds no droplets"],
    [echo, "the answer is one description, not a list"],
    [{ status: "active", service: "x", meta: {}, more: {} }, "none of its 4 entries is usable; "],
    [[1, null, "x", []], "none of its 4 entries is usable; [0]: it is not an object"],
    [
      { data: { data: { data: { data: { data: { data: [echo] } } } } } },
      "the list is nested too deeply",
    ],
  ])("%j is unusable", (answer, reason) => {
    expect(reasonOf(answer)).toContain(reason);
  });

  it("loses its bad entries and keeps the rest", () => {
    const answer = { droplets: [echo, { name: "x" }, 5, { endpoint: "http://h" }, slow] };
    expect(listOf(answer)).toMatchObject({
      droplets: [{ name: "echo" }, { name: "slow" }],
      skipped: [
        { where: "droplets[1]", reason: "it has no endpoint" },
        { where: "droplets[2]", reason: "it is not an object" },
        { where: "droplets[3]", reason: "it has no name" },
      ],
    });
    expect(listOf({ echo, bad: "oops", worse: null, slow }).skipped).toEqual([
      { where: '["bad"]', reason: "it is not an object" },
      { where: '["worse"]', reason: "it is not an object" },
    ]);
  });

  it("gives no more than maxDroplets, the first ones, and says so", () => {
    const many = Array.from({ length: 12 }, (_, n) => ({ ...echo, name: `d${n}` }));
    const { droplets, skipped } = listOf(many, 10);
    expect(droplets.map(({ name }) => name)).toEqual(many.slice(0, 10).map(({ name }) => name));
    expect(skipped).toEqual([
      { where: "[10]", reason: "from here on 2 are beyond the limit of 10" },
    ]);
  });

  it("full of rubbish is reported in about a hundred lines", () => {
    const { skipped } = listOf([echo, ...Array.from({ length: 500 }, () => null)]);
    expect(skipped).toHaveLength(101);
    expect(skipped.at(-1)).toEqual({ where: "…", reason: "400 more skipped" });
  });

  it("cannot make the log long or forge a line with a key", () => {
    const { skipped } = listOf({ [`\n${"k".repeat(1e6)}`]: {}, echo });
    expect(skipped[0]?.where).toBe(`["\\n${"k".repeat(63)}"]`);
  });

  it("cannot reach a prototype", () => {
    const answer: unknown = JSON.parse(
      '{"__proto__":{"endpoint":"http://p"},"constructor":{"endpoint":"http://c"},"toString":{"metadata":{"__proto__":{"a":1}},"url":"http://t"}}',
    );
    expect(namesOf(answer)).toEqual(["__proto__", "constructor", "toString"]);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });
});

const at = (port: number, dates: object, name = "echo") => ({
  name,
  endpoint: `http://h:${port}`,
  ...dates,
});

describe("entries with one name", () => {
  it.each([
    ["the last without dates", [at(1, {}), at(2, {}), at(3, {})], 3],
    [
      "the newest by updated_at",
      [
        at(1, { updated_at: "2026-02-01T00:00:00Z" }),
        at(2, { updated_at: "2026-01-01T00:00:00Z" }),
      ],
      1,
    ],
    [
      "the newest of ISO, epoch seconds and milliseconds",
      [
        at(1, { last_updated: 1_767_225_600 }),
        at(2, { last_heartbeat: 1_767_225_602_000 }),
        at(3, { last_seen: "2026-01-01T00:00:01" }),
      ],
      2,
    ],
    [
      "the last of equally new ones",
      [at(1, { last_seen: 1_767_225_600 }), at(2, { last_seen: "2026-01-01T00:00:00Z" })],
      2,
    ],
    ["one with a date before one without", [at(1, {}), at(2, { last_seen: 1 }), at(3, {})], 2],
    [
      "the one whose first readable date is newest",
      [at(1, { updated_at: "?", last_seen: 2_000_000_000 }), at(2, { updated_at: 1_900_000_000 })],
      1,
    ],
  ])("leave %s", (_, entries, port) => {
    expect(endpointsOf(entries)).toEqual([`http://h:${port}`]);
  });

  it("are compared without regard to case, and the survivor keeps the first one's place", () => {
    const list = listOf([at(1, {}, "Echo"), slow, at(2, {}, "ECHO")]);
    expect(list.droplets.map(({ name }) => name)).toEqual(["ECHO", "slow"]);
    expect(list.skipped).toEqual<SkippedEntry[]>([
      { where: "[0]", reason: "another entry with the same name is newer or stands later" },
    ]);
  });
});

const STATUSES = ["active", "inactive", "error"];

function expectWellFormed(droplet: Droplet, maxDroplets: number, droplets: readonly Droplet[]) {
  expect(droplet.url).toBe(droplet.endpoint);
  expect(new URL(droplet.endpoint).href.replace(/\/$/, "")).toBe(droplet.endpoint);
  expect(droplet.name).toBe(droplet.name.trim());
  expect(droplet.name.length).toBeGreaterThan(0);
  expect(droplet.name.length).toBeLessThanOrEqual(255);
  expect(encodeURIComponent(droplet.name)).not.toMatch(/%0[\dA-F]|%1[\dA-F]|%7F/);
  expect(STATUSES).toContain(droplet.status);
  expect(JSON.stringify(droplet).length).toBeLessThan(120_000);
  expect(droplets.length).toBeLessThanOrEqual(maxDroplets);
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom("echo", "ECHO", "10.0.0.1", "h.example", "http://h:1/", "http://u@h", "8000"),
);
const scalar = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const FIELDS = [
  "id name endpoint url fqdn host ip port status metadata version steward capabilities",
  "updated_at last_seen last_heartbeat __proto__",
];
const field = fc.constantFrom(...FIELDS.flatMap((names) => names.split(" ")));
const entry = fc.dictionary(
  field,
  fc.oneof(scalar, fc.dictionary(field, scalar), fc.array(scalar)),
);
const envelope = fc.constantFrom("droplets", "registry", "services", "data", "payload");
const plausible = fc.oneof(
  fc.array(fc.oneof(entry, scalar)),
  fc.dictionary(fc.oneof(text, field), fc.oneof(entry, scalar)),
  fc.dictionary(envelope, fc.oneof(fc.array(entry), fc.dictionary(text, entry), entry)),
);

describe("any answer", () => {
  it.each([
    ["of plausible parts", plausible],
    ["of any JSON", fc.jsonValue()],
    [
      "of any objects",
      fc.anything({
        withNullPrototype: true,
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSparseArray: true,
        withTypedArray: true,
      }),
    ],
  ])("%s becomes unusable, or a list of well-formed droplets with unique names", (_, anyAnswer) => {
    fc.assert(
      fc.property(anyAnswer, fc.integer({ min: 1, max: 5 }), (answer, maxDroplets) => {
        const list = normaliseDropletList(answer, { maxDroplets });
        if (list.kind === "unusable") return;
        for (const droplet of list.droplets) expectWellFormed(droplet, maxDroplets, list.droplets);
        const keys = list.droplets.map(({ name }) => name.toLowerCase());
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys).not.toHaveLength(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("nested without end is no danger", () => {
    const depth = 100_000;
    const arrays: unknown = JSON.parse("[".repeat(depth) + "]".repeat(depth));
    const objects: unknown = JSON.parse('{"data":'.repeat(depth) + "1" + "}".repeat(depth));
    expect(reasonOf(arrays)).toContain("none of its 1 entries");
    expect(reasonOf(objects)).toContain("nested too deeply");
    expect(listOf([{ ...echo, metadata: { arrays } }]).droplets[0]?.metadata).toEqual({
      _truncated: true,
    });
  });

  it("that was read once reads the same again", () => {
    fc.assert(
      fc.property(plausible, (answer) => {
        const list = normaliseDropletList(answer, { maxDroplets: 1000 });
        if (list.kind === "unusable") return;
        expect(listOf(list.droplets)).toEqual({
          kind: "list",
          droplets: list.droplets,
          skipped: [],
        });
      }),
    );
  });
});
