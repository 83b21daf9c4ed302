import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface RawServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  base: string;
  port: number;
  /** Every connection that was ever made to it. */
  sockets: Socket[];
  /** Everything that was ever sent to it. */
  received: () => string;
}

export interface RawScript {
  /** As soon as the connection stands. */
  onConnect?: (socket: Socket) => void;
  /** When the headers of a request are there; bodies are only received. */
  onRequest?: (socket: Socket, request: string) => void;
}

/** A TCP server that does to its connections what no HTTP server would. */
export async function serveRaw({ onConnect, onRequest }: RawScript): Promise<RawServer> {
  const sockets: Socket[] = [];
  let received = "";
  const server = createServer((socket) => {
    sockets.push(socket);
    let pending = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      pending += chunk.toString("latin1");
      const end = pending.indexOf("\r\n\r\n");
      if (end < 0) return;
      const request = pending.slice(0, end);
      pending = "";
      onRequest?.(socket, request);
    });
    // Broken connections are what its tests are about.
    socket.on("error", () => socket.destroy());
    onConnect?.(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    sockets,
    received: () => received,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Resolves when the connection is gone, in whatever way. */
export async function untilClosed(socket: Socket | undefined): Promise<void> {
  if (socket === undefined) throw new Error("there never was a connection");
  if (socket.closed) return;
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** Answers each request with the same bytes. */
export async function serveBytes(...parts: (string | Buffer)[]): Promise<RawServer> {
  return await serveRaw({
    onRequest: (socket) => {
      for (const part of parts) socket.write(part);
    },
  });
}
