import type { OutgoingHttpHeaders } from "node:http";
import { send, type Answer } from "./send.ts";

type Api = { url: string };

/** What GET /droplets/{name} and the operators' requests say about a droplet's queue. */
export interface DropletState {
  name: string;
  paused: boolean;
  circuit: { state: string };
  limits: { concurrency: number | null; rate: { max: number; per_ms: number } | null };
  queue: { waiting: number; delayed: number; active: number };
}

/** An operator's request about one droplet; any answer. */
export async function askToOperate(
  api: Api,
  droplet: string,
  action: "pause" | "resume" | "limits" | "circuit",
  json: unknown = {},
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const method = action === "limits" ? "PUT" : "POST";
  return await send(api, `/orchestrator/droplets/${droplet}/${action}`, { method, json, headers });
}

/** An operator's request that is obeyed. @throws {Error} for every other answer */
export async function operate(
  ...request: Parameters<typeof askToOperate>
): Promise<Omit<DropletState, "queue">> {
  const answer = await askToOperate(...request);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.body as DropletState;
}

/** GET /droplets/{name}. */
export async function readDroplet(api: Api, droplet: string): Promise<DropletState> {
  const answer = await send(api, `/orchestrator/droplets/${droplet}`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.body as DropletState;
}
