import { ScriptedServer, type RecordedRequest } from "./scripted-server.ts";
import { send } from "./send.ts";
import type { Step } from "./step.ts";
import { waitFor } from "./wait-for.ts";

/** A Registry of any shape: answers by method and path; 404 for everything else. */
export async function startPathRegistry(routes: Record<string, Step | (() => Step)>) {
  const server = new ScriptedServer(({ method, path }) => {
    const step = routes[`${method} ${path}`] ?? 404;
    return typeof step === "function" ? step() : step;
  });
  return await server.start();
}

/** What it was asked for, as `METHOD path`. */
export function asked(requests: readonly RecordedRequest[]): string[] {
  return requests.map(({ method, path }) => `${method} ${path}`);
}

export function isGet({ method }: RecordedRequest): boolean {
  return method === "GET";
}

/** What the service says of its Registry in `/health`. */
export async function registryHealth(api: { url: string }) {
  const { body } = await send(api, "/health");
  return (body as { dependencies: Record<string, { status: string }> }).dependencies["registry"];
}

export async function untilRegistryIs(api: { url: string }, status: string) {
  await waitFor(`the Registry to be ${status}`, async () => {
    return (await registryHealth(api))?.status === status;
  });
}
