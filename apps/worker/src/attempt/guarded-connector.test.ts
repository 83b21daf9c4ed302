import { isIP } from "node:net";
import { expect, test } from "vitest";
import { assertAddressAllowed, guardedLookup, TargetForbiddenError } from "./guarded-connector.ts";
import { dropletCaller, policyOf } from "./testing/call-droplet.ts";
import { serveBytes } from "./testing/serve-raw.ts";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

const judge = (url: string) => () => assertAddressAllowed(new URL(url), policyOf());

/** What Node's connecting code would be told. */
async function lookUp(hostname: string, deniedNetworks: string[], all: boolean) {
  const lookup = guardedLookup(policyOf({ deniedNetworks }));
  return await new Promise<{ error: Error | null; answer: unknown; family: unknown }>((resolve) => {
    lookup(hostname, { all }, (error, answer, family) => resolve({ error, answer, family }));
  });
}

test("a name that resolves to forbidden addresses alone is refused, and all of them are named", async () => {
  for (const all of [true, false]) {
    const { error } = await lookUp("localhost", LOOPBACK, all);
    expect(error).toBeInstanceOf(TargetForbiddenError);
    expect(error?.message).toMatch(
      /^localhost resolves to .*(127\.0\.0\.1|::1) \(.*denied network\)/,
    );
  }
});

test("a name that resolves to allowed addresses is told as it was asked: one, or all", async () => {
  const one = await lookUp("localhost", [], false);
  expect(one.error).toBeNull();
  expect(isIP(String(one.answer))).toBe(one.family);
  const all = await lookUp("localhost", [], true);
  expect(all.answer).toContainEqual({ address: one.answer, family: one.family });
});

test("of several addresses the forbidden ones are left out", async () => {
  const { answer } = await lookUp("localhost", ["::1/128"], true);
  const addresses = (answer as { address: string }[]).map(({ address }) => address);
  expect(addresses).toContain("127.0.0.1");
  expect(addresses).not.toContain("::1");
});

test("an address in place of a name passes through the same judgement", async () => {
  expect((await lookUp("127.0.0.1", LOOPBACK, true)).error).toBeInstanceOf(TargetForbiddenError);
  expect((await lookUp("169.254.169.254", [], true)).error).toBeInstanceOf(TargetForbiddenError);
});

test("a name that cannot be resolved is an error of its own", async () => {
  const { error } = await lookUp(`${"x".repeat(64)}.invalid`, [], true);
  expect(error).not.toBeInstanceOf(TargetForbiddenError);
  expect(error).toMatchObject({ code: "ENOTFOUND" });
});

test("a request to a name that resolves to a forbidden address is never sent", async () => {
  await using server = await serveBytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await using caller = dropletCaller(policyOf({ deniedNetworks: LOOPBACK }));
  const { outcome } = await caller.call(`http://localhost:${server.port}`);
  expect(outcome).toMatchObject({ certainty: "not_sent", fault: "target_forbidden" });
  expect(server.sockets).toHaveLength(0);
});

test("a request to a name that resolves to an allowed address arrives", async () => {
  await using server = await serveBytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await using caller = dropletCaller(policyOf({ deniedNetworks: ["::1/128"] }));
  const { outcome } = await caller.call(`http://localhost:${server.port}`);
  expect(outcome).toMatchObject({ certainty: "responded", fault: null, status: 200 });
});

test("a URL with an address is judged without a lookup, one with a name is left to it", () => {
  expect(judge("http://169.254.169.254/")).toThrow(/^169\.254\.169\.254 is .*link-local/);
  expect(judge("http://[fe80::1]/")).toThrow(TargetForbiddenError);
  expect(judge("http://127.0.0.1/")).not.toThrow();
  expect(judge("http://[::1]/")).not.toThrow();
  expect(judge("http://metadata.google.internal/")).not.toThrow();
});
