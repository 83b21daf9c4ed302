import { step } from "./progress.mjs";
import { waitUntil } from "./wait-until.mjs";

const READY_MS_MAX = 60_000;
// The list of an earlier run may have to be replaced by the next regular sync, which is up to a minute away.
const DROPLETS_MS_MAX = 90_000;
const ANSWER_MS_MAX = 2_000;

/** Waits until the API and the worker are ready and, where the demo runs, its droplets can be called. */
export async function waitUntilMeshIsReady({ settings, signal }) {
  const api = `http://${settings.reachableHost}:${settings.port}`;
  const worker = `http://${settings.reachableHost}:${settings.workerPort}`;
  await step("Waiting for the API and the worker to be ready", async () => {
    const wait = { timeoutMs: READY_MS_MAX, signal };
    await Promise.all([
      waitUntil(() => whyNotReady(api), { what: "The API", ...wait }),
      waitUntil(() => whyNotReady(worker), { what: "The worker", ...wait }),
    ]);
  });
  if (settings.demo === null) return;
  await step("Waiting for the demo droplets to be on the list", () =>
    waitUntil(() => whichDropletsAreMissing(api, settings.demo.droplets), {
      what: "The list of demo droplets",
      timeoutMs: DROPLETS_MS_MAX,
      signal,
    }),
  );
}

async function whyNotReady(base) {
  const { status, body } = await get(`${base}/healthz/ready`);
  return status === 200 ? null : `${base}/healthz/ready answers ${status} ${body}`;
}

async function whichDropletsAreMissing(api, droplets) {
  const { status, body } = await get(`${api}/orchestrator/droplets`);
  if (status !== 200) return `${api}/orchestrator/droplets answers ${status} ${body}`;
  const listed = new Set(JSON.parse(body).droplets.map(({ endpoint }) => endpoint));
  const missing = droplets.filter(({ port }) => !listed.has(`http://127.0.0.1:${port}`));
  if (missing.length === 0) return null;
  return `not listed: ${missing.map(({ name, port }) => `${name} on port ${port}`).join(", ")}`;
}

/** Status 0 and the reason as body when there is no answer. */
async function get(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 0, body: `(${error.cause?.message || error.message})` };
  }
}
