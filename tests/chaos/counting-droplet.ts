import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SeededRandom } from "./seeded-random.ts";

/** How often each task reached a droplet, whatever it answered. */
export type Deliveries = Map<string, number>;

/**
 * A droplet that is mostly well: a few answers are 503, a few connections break, some take their time. It counts
 * each task the moment its request has arrived whole.
 */
export async function startCountingDroplet(
  name: string,
  deliveries: Deliveries,
  random: SeededRandom,
): Promise<{ name: string; url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for await (const _chunk of request);
    const id = String(request.headers["idempotency-key"]);
    deliveries.set(id, (deliveries.get(id) ?? 0) + 1);
    if (random.chance(0.02)) {
      response.destroy();
      return;
    }
    if (random.chance(0.1)) await sleep(random.between(100, 1500));
    const status = random.chance(0.05) ? 503 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ task: id }));
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
