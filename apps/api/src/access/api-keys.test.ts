import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { callerByKey, parseApiKeys } from "./api-keys.ts";

const LONG = "0123456789abcdef";
const OTHER = "fedcba9876543210";

function keysOf(text: string | undefined) {
  const parsed = parseApiKeys(text);
  if (parsed.kind === "invalid") throw new Error(parsed.mistakes.join());
  return parsed.keys;
}

test("each key has its holder with a name and scopes, and keeps no key", () => {
  const keys = keysOf(` billing:read+submit:${LONG} , ops.team-1:operate:${OTHER},`);
  expect(callerByKey(keys, LONG)).toEqual({
    name: "billing",
    scopes: new Set(["read", "submit"]),
  });
  expect(callerByKey(keys, OTHER)).toEqual({ name: "ops.team-1", scopes: new Set(["operate"]) });
  expect(JSON.stringify(keys)).not.toContain(LONG);
});

test.each([
  "",
  " ",
  LONG.slice(1),
  `${LONG}0`,
  LONG.toUpperCase(),
  "billing",
  `billing:read:${LONG}`,
])("%j is nobody's key", (presented) => {
  expect(callerByKey(keysOf(`billing:read:${LONG}`), presented)).toBeNull();
});

test("a key given by its hash is known by the key, never by the hash", () => {
  const hash = `sha256-${createHash("sha256").update(LONG).digest("hex")}`;
  const keys = keysOf(`billing:read:${hash}`);
  expect(callerByKey(keys, LONG)?.name).toBe("billing");
  expect(callerByKey(keys, hash)).toBeNull();
  expect(
    callerByKey(keysOf(`billing:read:${hash.toUpperCase().replace("SHA", "sha")}`), LONG)?.name,
  ).toBe("billing");
});

test("a key may hold colons", () => {
  expect(callerByKey(keysOf(`billing:read:a:${LONG}`), `a:${LONG}`)?.name).toBe("billing");
});

test.each([undefined, "", " , ,"])("%j is no key at all", (text) => {
  expect(keysOf(text)).toEqual([]);
});

test.each([
  `billing:${LONG}`,
  `billing::${LONG}`,
  `:read:${LONG}`,
  `billing:read:`,
  `billing:admin:${LONG}`,
  `billing:read+:${LONG}`,
  `billing:READ:${LONG}`,
  `bill ing:read:${LONG}`,
  `${"x".repeat(65)}:read:${LONG}`,
  `billing:read:${LONG.slice(1)}`,
  `billing:read:two ${LONG}`,
])("%s is a mistake, told without the key", (item) => {
  const parsed = parseApiKeys(`good:read:${OTHER},${item}`);
  if (parsed.kind === "keys") throw new Error("it was taken");
  expect(parsed.mistakes).toEqual([expect.stringMatching(/^item 2 /)]);
  expect(parsed.mistakes.join()).not.toContain(LONG.slice(1));
});

test("all mistakes are told at once", () => {
  expect(parseApiKeys("a,b:read:short")).toMatchObject({
    kind: "invalid",
    mistakes: [expect.stringContaining("item 1"), expect.stringContaining("item 2")],
  });
});
