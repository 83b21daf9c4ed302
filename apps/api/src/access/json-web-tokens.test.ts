import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type GenerateKeyPairResult,
  type JWTPayload,
} from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { tokenVerifier } from "./json-web-tokens.ts";

type Algorithm = "RS256" | "ES256" | "EdDSA";
const ISSUER = "https://mesh.example";
const AUDIENCE = "orchestrator";

interface KeySet extends AsyncDisposable {
  url: string;
  fetches: number;
  /** What it answers instead of its keys. */
  broken: { status: number; text: string } | null;
  add: (kid: string, algorithm?: Algorithm) => Promise<GenerateKeyPairResult>;
  clear: () => void;
}

/** A real server of a key set. */
async function serveKeys(): Promise<KeySet> {
  const keys: object[] = [];
  const server = createServer((_request, response) => {
    set.fetches += 1;
    response.statusCode = set.broken?.status ?? 200;
    response.setHeader("Content-Type", "application/json");
    response.end(set.broken?.text ?? JSON.stringify({ keys }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const set: KeySet = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    fetches: 0,
    broken: null,
    async add(kid, algorithm = "ES256") {
      const pair = await generateKeyPair(algorithm, { extractable: true });
      keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: "sig" });
      return pair;
    },
    clear: () => void keys.splice(0),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return set;
}

interface Signing {
  kid?: string;
  algorithm?: string;
  payload?: JWTPayload;
  issuer?: string;
  audience?: string;
  expires?: string | number | null;
}

async function sign(
  key: GenerateKeyPairResult["privateKey"] | Uint8Array,
  options: Signing = {},
): Promise<string> {
  const { kid = "k1", algorithm = "ES256", payload = { droplet_id: 7 } } = options;
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: algorithm, kid })
    .setIssuer(options.issuer ?? ISSUER)
    .setAudience(options.audience ?? AUDIENCE);
  if (options.expires !== null) token.setExpirationTime(options.expires ?? "5m");
  return await token.sign(key);
}

const verifierOf = ({ url }: { url: string }) =>
  tokenVerifier({ jwksUrl: url, issuer: ISSUER, audience: AUDIENCE });

afterEach(() => vi.useRealTimers());

test.each(["RS256", "ES256", "EdDSA"] as const)(
  "a token signed by %s names its caller",
  async (algorithm) => {
    await using set = await serveKeys();
    const { privateKey } = await set.add("k1", algorithm);
    expect(await verifierOf(set)(await sign(privateKey, { algorithm }))).toEqual({
      kind: "caller",
      caller: { name: "7", scopes: new Set(["read", "submit"]) },
    });
  },
);

test.each<[string, Signing, string]>([
  ["another issuer", { issuer: "https://evil.example" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
  ["another audience", { audience: "billing" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
  ["an expiry that is past", { expires: Math.floor(Date.now() / 1000) - 60 }, "ERR_JWT_EXPIRED"],
  ["no expiry", { expires: null }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
  ["an unknown key id", { kid: "k2" }, "ERR_JWKS_NO_MATCHING_KEY"],
  ["no caller", { payload: {} }, "neither"],
  ["an empty caller", { payload: { droplet_id: "" } }, "neither"],
  ["a caller that is no name", { payload: { droplet_id: { id: 7 } } }, "neither"],
])("a token with %s is not valid", async (_what, signing, reason) => {
  await using set = await serveKeys();
  const { privateKey } = await set.add("k1");
  const verified = await verifierOf(set)(await sign(privateKey, signing));
  expect(verified).toEqual({ kind: "invalid", reason: expect.stringContaining(reason) });
});

test("a token signed by somebody else's key under a known id is not valid", async () => {
  await using set = await serveKeys();
  await set.add("k1");
  const { privateKey } = await generateKeyPair("ES256");
  expect((await verifierOf(set)(await sign(privateKey))).kind).toBe("invalid");
});

test("a token without a signature is not valid", async () => {
  await using set = await serveKeys();
  await set.add("k1");
  const token = new UnsecuredJWT({ droplet_id: 7 }).setIssuer(ISSUER).setAudience(AUDIENCE);
  const text = token.setExpirationTime("5m").encode();
  expect((await verifierOf(set)(text)).kind).toBe("invalid");
});

test("a token signed with the public key as a shared secret is not valid", async () => {
  await using set = await serveKeys();
  const { publicKey } = await set.add("k1", "RS256");
  const secret = new TextEncoder().encode(await exportSPKI(publicKey));
  const token = await sign(secret, { algorithm: "HS256" });
  expect(await verifierOf(set)(token)).toEqual({
    kind: "invalid",
    reason: "ERR_JOSE_ALG_NOT_ALLOWED",
  });
});

test.each(["", "x", "a.b.c", "....", "é.é.é", `${"a".repeat(10_000)}.b.c`])(
  "%j is no token",
  async (text) => {
    await using set = await serveKeys();
    await set.add("k1");
    expect((await verifierOf(set)(text)).kind).toBe("invalid");
  },
);

test.each([
  ["is away", async (set: KeySet) => await set[Symbol.asyncDispose]()],
  ["answers 500", (set: KeySet) => void (set.broken = { status: 500, text: "{}" })],
  ["answers with a page", (set: KeySet) => void (set.broken = { status: 200, text: "<html>" })],
  ["answers something else", (set: KeySet) => void (set.broken = { status: 200, text: "[]" })],
])("a key set that %s says nothing about the token", async (_what, spoil) => {
  const set = await serveKeys();
  const { privateKey } = await set.add("k1");
  await spoil(set);
  expect((await verifierOf(set)(await sign(privateKey))).kind).toBe("unverifiable");
  if (set.broken !== null) await set[Symbol.asyncDispose]();
});

test("keys are fetched once, and anew when a token comes under a new id", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  await using set = await serveKeys();
  const old = await set.add("k1");
  const verify = verifierOf(set);
  for (let n = 0; n < 5; n += 1) {
    expect((await verify(await sign(old.privateKey))).kind).toBe("caller");
  }
  expect(set.fetches).toBe(1);

  set.clear();
  const fresh = await set.add("k2");
  vi.setSystemTime(Date.now() + 31_000);
  expect((await verify(await sign(fresh.privateKey, { kid: "k2" }))).kind).toBe("caller");
  expect(set.fetches).toBe(2);
  // The key that was taken out is no longer good; asking for it again and again fetches nothing.
  for (let n = 0; n < 5; n += 1) {
    expect((await verify(await sign(old.privateKey))).kind).toBe("invalid");
  }
  expect(set.fetches).toBe(2);
});

test("scopes are those of ours that the token claims; a caller's name is cut", async () => {
  await using set = await serveKeys();
  const { privateKey } = await set.add("k1");
  const payload = { sub: "x".repeat(300), scope: "operate openid read admin" };
  expect(await verifierOf(set)(await sign(privateKey, { payload }))).toEqual({
    kind: "caller",
    caller: { name: "x".repeat(255), scopes: new Set(["read", "operate"]) },
  });
});
