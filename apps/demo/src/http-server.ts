import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface DemoRequest {
  readonly method: string;
  /** With the query, as it came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed when it is JSON, else the text as it came; null when there is none. */
  readonly body: unknown;
}

export interface DemoAnswer {
  readonly status: number;
  readonly body: object;
}

export type DemoHandler = (request: DemoRequest) => DemoAnswer | Promise<DemoAnswer>;

/** A server that answers every request with JSON. Close it with `closeServer`. */
export async function listenJson(
  handle: DemoHandler,
  { host, port }: { host: string; port: number },
): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(handle, request, response);
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

/** Stops listening and cuts what still hangs: a demo owes nobody the end of its slow answer. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(
  handle: DemoHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { status, body } = await handle({
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: request.headers,
      body: parseBody(await readText(request)),
    });
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  } catch (error) {
    // The caller hung up in the middle, or a bug of ours: either way the connection is of no more use.
    response.destroy(error instanceof Error ? error : undefined);
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  request.setEncoding("utf8");
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function parseBody(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
