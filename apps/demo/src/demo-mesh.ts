import type { DemoConfig } from "./config.ts";
import { createDemoDroplets } from "./droplets.ts";
import { closeServer, listenJson, type DemoHandler } from "./http-server.ts";
import { createRegistry } from "./registry.ts";

interface Place {
  readonly handle: DemoHandler;
  readonly port: number;
  /** Which environment variable moves it. */
  readonly variable: string;
}

export interface DemoMesh extends AsyncDisposable {
  readonly endpoints: readonly string[];
}

/** The demo Registry and the droplets it lists. Either all of them listen, or none does and the error says why. */
export async function startDemoMesh(config: DemoConfig): Promise<DemoMesh> {
  const endpointAt = (port: number): string => `http://${config.publicHost}:${port}`;
  const droplets = createDemoDroplets().map(({ id, name, handle }, index) => {
    return { id, name, handle, port: config.dropletsPort + index };
  });
  const registry = createRegistry(
    droplets.map(({ id, name, port }) => {
      return { id, name, endpoint: endpointAt(port), version: "1.0.0", status: "active" };
    }),
  );
  const places: Place[] = [
    { handle: registry, port: config.registryPort, variable: "DEMO_REGISTRY_PORT" },
    ...droplets.map(({ handle, port }) => ({ handle, port, variable: "DEMO_DROPLETS_PORT" })),
  ];

  await using opened = new AsyncDisposableStack();
  const attempts = await Promise.allSettled(
    places.map(async (place) => {
      const server = await listen(place, config.host);
      opened.defer(() => closeServer(server));
    }),
  );
  const failed = attempts.find((attempt) => attempt.status === "rejected");
  if (failed) throw failed.reason;

  const kept = opened.move();
  return {
    endpoints: places.map(({ port }) => endpointAt(port)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function listen({ handle, port, variable }: Place, host: string) {
  try {
    return await listenJson(handle, { host, port });
  } catch (cause) {
    const isTaken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    const why = isTaken ? "is taken by another program" : `cannot be opened (${String(cause)})`;
    throw new Error(`Port ${port} ${why}. Set ${variable} to another port.`, { cause });
  }
}
