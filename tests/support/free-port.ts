import { once } from "node:events";
import { createServer } from "node:net";

/** A port nobody listens on right now. Bind soon: somebody else may take it. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = boundPort(server);
  server.close();
  await once(server, "close");
  return port;
}

/** The port a listening server was given. */
export function boundPort(server: Pick<ReturnType<typeof createServer>, "address">): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not bound to a TCP port");
  return address.port;
}
