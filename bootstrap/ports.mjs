import { once } from "node:events";
import { createServer } from "node:net";
import { SetupFailure } from "./setup-failure.mjs";

/** Whether a server could listen there now. An address this machine does not have counts as free: not ours to judge. */
export async function isPortFree(port, host) {
  try {
    await listenOnce(port, host);
    return true;
  } catch (error) {
    return error.code !== "EADDRINUSE" && error.code !== "EACCES";
  }
}

/** A port that is free on loopback now. Someone may take it before you do; with the kernel's choice that is rare. */
export async function findFreePort() {
  return await listenOnce(0, "127.0.0.1");
}

/**
 * Refuses to go on when a port is taken or wanted twice. Says so for all of them at once, with the variable to change.
 * @param {{ port: number, host: string, variable: string, purpose: string }[]} wanted
 */
export async function refuseTakenPorts(wanted) {
  const complaints = wanted.map(async ({ port, host, variable, purpose }, index) => {
    const twin = wanted.slice(0, index).find((earlier) => earlier.port === port);
    if (twin) {
      return `Port ${port} is wanted twice: by the ${twin.purpose} (${twin.variable}) and by the ${purpose} (${variable}).`;
    }
    if ((await isPortFree(port, host)) && (await isPortFree(port, "127.0.0.1"))) return null;
    return `Port ${port}, wanted by the ${purpose}, is taken by another program. Stop that, or set ${variable} to another port.`;
  });
  const said = (await Promise.all(complaints)).filter((complaint) => complaint !== null);
  if (said.length > 0) throw new SetupFailure(said.join("\n"));
}

async function listenOnce(port, host) {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  await once(server, "listening");
  const taken = server.address().port;
  server.close();
  await once(server, "close");
  return taken;
}
