import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalOf, submitAndWait, submitAsync } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import { Service } from "../support/service.ts";
import { API_KEYS, as, KEYS, PASSWORD } from "../support/sign-in.ts";
import { scrape } from "../support/read-metrics.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";

/** One secret for each place where there is one: what is found tells where it came from. */
const PLANTED = {
  redisPassword: "canary-redis-password",
  registryKey: "canary-registry-key",
  registryToken: "canary-registry-token",
  wrongKey: "canary-wrong-api-key-0123",
  wrongPassword: "canary-wrong-password",
  forgedToken: "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.canary-signature",
  cookieOfCaller: "canary-cookie-of-caller",
  headerOfTask: "canary-header-of-task",
  cookieOfTask: "canary-cookie-of-task",
  fieldOfPayload: "canary-field-of-payload",
  namedField: "canary-named-field",
  nestedField: "canary-nested-field",
  queryOfPath: "canary-query-of-path",
  queryOfRequest: "canary-query-of-request",
  cookieOfAnswer: "canary-cookie-of-answer",
};
const ALWAYS_SECRET = [...Object.values(KEYS), PASSWORD, ...Object.values(PLANTED)];

const PAYLOAD = {
  password: PLANTED.fieldOfPayload,
  Credit_Card: PLANTED.namedField,
  list: [{ iban: PLANTED.nestedField }],
};
const TASK = {
  droplet_name: "vault",
  path: `/?token=${PLANTED.queryOfPath}`,
  method: "POST",
  headers: { Authorization: `Bearer ${PLANTED.headerOfTask}`, Cookie: PLANTED.cookieOfTask },
  payload: PAYLOAD,
};

const opened = new AsyncDisposableStack();
let orchestrator: Orchestrator;
const refusals: Answer[] = [];

beforeAll(async () => {
  const redis = opened.use(await startPrivateRedis());
  await closeWithPassword(redis.url);
  const vault = await startDroplet("vault", () => ({
    headers: { "set-cookie": `session=${PLANTED.cookieOfAnswer}` },
    json: { received: true },
  }));
  const quiet = await startDroplet("quiet", echo);
  opened.use(vault);
  opened.use(quiet);
  orchestrator = opened.use(
    await startOrchestrator({
      droplets: [vault, quiet],
      headers: as("reader"),
      redisUrl: redis.url.replace("redis://", `redis://:${PLANTED.redisPassword}@`),
      env: { LOG_LEVEL: "debug", REDACT_FIELDS: "iban, credit-card" },
      apiEnv: { API_KEYS, OPERATOR_PASSWORD: PASSWORD },
      workerEnv: {
        REGISTRY_KEY: PLANTED.registryKey,
        REGISTRY_TOKEN: PLANTED.registryToken,
      },
    }),
  );
  await useEverySecret();
});
afterAll(async () => await opened.disposeAsync());

async function closeWithPassword(url: string): Promise<void> {
  await onRedis(
    url,
    async (redis) => await redis.config("SET", "requirepass", PLANTED.redisPassword),
  );
}

async function useEverySecret(): Promise<void> {
  const { api } = orchestrator;
  const wrong = Buffer.from(`operator:${PLANTED.wrongPassword}`).toString("base64");
  await submitAndWait(api, TASK, { headers: as("submitter") });
  for (const [path, headers] of [
    ["/tasks", { "x-api-key": PLANTED.wrongKey, cookie: PLANTED.cookieOfCaller }],
    ["/tasks", { authorization: `Bearer ${PLANTED.forgedToken}` }],
    ["/admin/audit", { authorization: `Basic ${wrong}` }],
    [`/nothing?access_token=${PLANTED.queryOfRequest}`, as("reader")],
    [`/tasks?status=wrong&api_key=${PLANTED.queryOfRequest}`, as("reader")],
  ] as const) {
    refusals.push(await send(api, path, { headers: { ...headers } }));
  }
  const json = { ...TASK, password: PLANTED.fieldOfPayload, max_retries: 99 };
  refusals.push(await send(api, "/tasks", { method: "POST", headers: as("submitter"), json }));
}

function assertNoSecret(where: string, text: string): void {
  const found = ALWAYS_SECRET.filter((secret) => text.includes(secret));
  expect({ where, found }).toEqual({ where, found: [] });
}

test("what a task carries reaches its droplet: the canaries were really there", async () => {
  const { api } = orchestrator;
  const answered = await submitAndWait(
    api,
    { ...TASK, droplet_name: "quiet" },
    { headers: as("submitter") },
  );
  const said = JSON.stringify(answered.response_body);
  for (const secret of [PLANTED.fieldOfPayload, PLANTED.namedField, PLANTED.nestedField])
    expect(said).toContain(secret);
});

test("logs hold none of them, at the level that tells most", () => {
  for (const service of [orchestrator.api, orchestrator.worker]) {
    expect(service.logs.lines.length).toBeGreaterThan(5);
    for (const line of service.logs.lines) assertNoSecret(service.name, JSON.stringify(line));
  }
});

test("refusals hold none of them", () => {
  expect(refusals.map(({ status }) => status)).toEqual([401, 401, 401, 404, 400, 400]);
  for (const { text, headers } of refusals)
    assertNoSecret("refusal", text + JSON.stringify(headers));
});

test("what is public holds none of them, and neither do metrics, droplets and the audit log", async () => {
  const { api, worker } = orchestrator;
  for (const path of ["/", "/health", "/info", "/state", "/dependencies", "/capabilities"])
    assertNoSecret(path, (await send(api, path)).text);
  for (const path of ["/droplets", "/droplets/vault", "/metrics", "/admin/audit"])
    assertNoSecret(path, (await send(api, path, { headers: as("password") })).text);
  assertNoSecret("metrics of the worker", await scrape(worker));
});

test("Bull Board shows that there was a secret, and none of them", async () => {
  const { api } = orchestrator;
  await submitAsync(api, { ...TASK, delay_ms: 600_000 }, { headers: as("submitter") });
  for (const status of ["latest", "delayed"]) {
    const board = await send(api, `/admin/queues/api/queues?activeQueue=vault&status=${status}`, {
      headers: as("password"),
    });
    expect(board.text).toContain("[redacted]");
    assertNoSecret(`Bull Board, ${status}`, board.text);
  }
});

test("a record keeps no cookie of an answer; the payload is for nobody but the droplet", async () => {
  const { body, text } = await send(orchestrator.api, "/tasks?droplet_name=vault&limit=1000", {
    headers: as("reader"),
  });
  expect(body).toMatchObject({ total: expect.any(Number) });
  const { queryOfPath } = PLANTED;
  // The path is the caller's own word for what he wants, and shown to whom may read.
  assertNoSecret("records", text.replaceAll(queryOfPath, ""));
});

test.for<Record<string, string>>([
  {
    REDIS_URL: `redis://:${PLANTED.redisPassword}@host:port:wrong`,
    JWKS_URL: `ftp://user:${PLANTED.wrongPassword}@issuer.example/keys`,
  },
  { API_KEYS: `short:read:${PLANTED.wrongKey.slice(0, 15)},odd:nothing:${PLANTED.wrongKey}` },
])(
  "a start that fails names the variables, and no secret in them",
  async (env, { expect: the }) => {
    const always = { OPERATOR_PASSWORD: PASSWORD, REGISTRY_URL: "http://127.0.0.1:1" };
    const api = new Service({ name: "api-wrong", app: "api", env: { ...always, ...env } });
    api.spawn();
    the((await api.untilExit()).code).toBe(1);
    const said = api.logs.lines.map((line) => JSON.stringify(line)).join("\n");
    for (const name of Object.keys(env)) the(said).toContain(name);
    assertNoSecret("start-up", said);
    the(said).not.toContain(PLANTED.wrongKey.slice(0, 15));
  },
);

test("the caller's name is in the log, and in no refusal of somebody else's", async () => {
  const line = await orchestrator.api.waitForLog(
    ({ event, caller, status }) =>
      event === "request.finished" && caller === "submitter" && status === 200,
  );
  expect(line["path"]).toBe("/orchestrator/tasks");
  const refused = await send(orchestrator.api, "/tasks", { headers: as("other") });
  expect(refusalOf(refused, 403).message).toContain("'other'");
});
