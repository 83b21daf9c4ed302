import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

const IDLE_SWEEP_MS = 50;

export interface ListenOptions {
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  /** The environment variable that set the port, for the message when it cannot be had. */
  readonly portVariable: string;
  /** How long `close` waits for requests in flight before it cuts their connections; 5 s unless given. */
  readonly closeWithinMs?: number;
}

export interface Listening extends AsyncDisposable {
  /** The port that was bound, also when 0 was asked for. */
  readonly port: number;
  /** Refuses new connections, lets requests in flight finish, closes kept-alive connections as they fall idle. */
  close(): Promise<void>;
}

/**
 * Binds an HTTP server (Express's `createServer(app)` as well) and resolves when it accepts connections.
 *
 * @throws {Error} naming host, port and variable when the port is taken or not permitted
 */
export async function listen(
  server: Server,
  { host, port, portVariable, closeWithinMs = 5_000 }: ListenOptions,
): Promise<Listening> {
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(explainListenFailure(error, host, port, portVariable), { cause: error });
  }
  const unanswered = trackUnanswered(server);
  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= closeGracefully(server, unanswered, closeWithinMs);
    return closed;
  }
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;
  return { port: boundPort, close, [Symbol.asyncDispose]: close };
}

/**
 * By connection, the answer that is not out yet. Not a set of answers: V8 keeps what was in the tables that a set has
 * outgrown until the next full collection, each through the one before, which would be a fourth of all requests.
 */
type Unanswered = ReadonlyMap<Socket, ServerResponse | null>;

function trackUnanswered(server: Server): Unanswered {
  const unanswered = new Map<Socket, ServerResponse | null>();
  server.on("connection", (socket: Socket) => {
    unanswered.set(socket, null);
    socket.once("close", () => unanswered.delete(socket));
  });
  server.prependListener("request", ({ socket }, response) => {
    unanswered.set(socket, response);
    response.once("close", () => {
      if (unanswered.get(socket) === response) unanswered.set(socket, null);
    });
  });
  return unanswered;
}

async function closeGracefully(
  server: Server,
  unanswered: Unanswered,
  withinMs: number,
): Promise<void> {
  const closed = once(server, "close");
  // Answers from now on say `Connection: close`. A client that kept its connection would hold the server, and its next
  // request would meet a connection that we are about to cut.
  for (const response of unanswered.values()) {
    if (response !== null) response.shouldKeepAlive = false;
  }
  server.prependListener("request", (_request, response) => {
    response.shouldKeepAlive = false;
  });
  server.close();
  // Node closes only what is idle right now, and a response whose headers had left may still keep its connection.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), withinMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

function explainListenFailure(
  error: unknown,
  host: string,
  port: number,
  portVariable: string,
): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const where = `Cannot listen on ${host}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return `${where}: port ${port} is taken. Set ${portVariable} to a free port (0 picks one) or stop what holds it.`;
    case "EACCES":
      return `${where}: port ${port} needs privileges. Set ${portVariable} to a port above 1023.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${where}: this machine has no such address. Set HOST to one of its own, or to 0.0.0.0.`;
    default:
      return `${where} (${portVariable}): ${error instanceof Error ? error.message : String(error)}`;
  }
}
