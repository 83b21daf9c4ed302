import { closeServer, listenJson, type DemoHandler } from "../http-server.ts";

/** Serves on a port of its own until the end of the test's scope (`await using`). */
export async function serveLocally(
  handle: DemoHandler,
): Promise<AsyncDisposable & { readonly base: string; readonly port: number }> {
  const server = await listenJson(handle, { host: "127.0.0.1", port: 0 });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  const { port } = address;
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}
