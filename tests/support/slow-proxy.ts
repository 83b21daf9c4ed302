import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { boundPort } from "./free-port.ts";

interface Address {
  host: string;
  port: number;
}

/**
 * A line between processes and a TCP server that a test makes slow, silent, or lead elsewhere:
 *
 *     await using line = await startSlowProxy(redis.url);
 *     await using orchestrator = await startOrchestrator({ redisUrl: line.url });
 *     line.delay({ there: 200, back: 200 });   // ms, for bytes from now on, their order kept
 *     line.hold("there");                      // what is sent arrives only after `letGo`
 *     line.leadTo(replica.url);                // for connections from now on
 *     line.cut();                              // resets all there are
 */
export interface SlowProxy extends AsyncDisposable {
  readonly url: string;
  /** Connections right now. */
  readonly open: number;
  delay(ms: { there: number; back: number }): void;
  /** Swallows nothing: bytes wait. */
  hold(direction: Direction): void;
  letGo(): void;
  cut(): void;
  leadTo(url: string): void;
}

type Direction = "there" | "back";

export async function startSlowProxy(targetUrl: string): Promise<SlowProxy> {
  let target = addressOf(targetUrl);
  const delayMs = { there: 0, back: 0 };
  const held: Record<Direction, PromiseWithResolvers<void> | null> = { there: null, back: null };
  const sockets = new Set<Socket>();

  const server = createServer((inner) => {
    const outer = connect(target);
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      one.setNoDelay(true);
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    carry(inner, outer, "there");
    carry(outer, inner, "back");
  });

  /** Each piece waits its own time, but never overtakes the one before it. */
  function carry(from: Socket, to: Socket, direction: Direction): void {
    let previous = Promise.resolve();
    from.on("data", (bytes) => {
      const due = performance.now() + delayMs[direction];
      const before = previous;
      previous = (async () => {
        await before;
        await held[direction]?.promise;
        const left = due - performance.now();
        if (left > 0) await new Promise((resolve) => void setTimeout(resolve, left));
        if (!to.destroyed) to.write(bytes);
      })();
    });
  }

  function letGo(): void {
    held.there?.resolve();
    held.back?.resolve();
    held.there = held.back = null;
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${boundPort(server)}`,
    get open() {
      return sockets.size / 2;
    },
    delay: (ms) => void Object.assign(delayMs, ms),
    hold: (direction) => void (held[direction] ??= Promise.withResolvers<void>()),
    letGo,
    cut,
    leadTo(url) {
      target = addressOf(url);
    },
    async [Symbol.asyncDispose]() {
      letGo();
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
