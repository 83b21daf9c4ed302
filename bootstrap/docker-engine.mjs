import { request } from "node:http";
import { runCommand } from "./run-command.mjs";

/** Whether a Docker engine answers, through its command line or, as testcontainers does it, its socket. */
export async function isDockerThere({ env }) {
  if (isDockerRefused(env)) return false;
  return (await isDockerCommandThere({ env })) || (await answersOnSocket("/var/run/docker.sock"));
}

/** Whether `docker run` would work here. */
export async function isDockerCommandThere({ env, signal }) {
  if (isDockerRefused(env)) return false;
  const info = ["info", "--format", "{{.ServerVersion}}"];
  const { code } = await runCommand("docker", info, { env, signal, timeoutMs: 10_000 });
  return code === 0;
}

/** NO_DOCKER=1 lets everything be tried as if there were none. */
function isDockerRefused(env) {
  return ["1", "true"].includes(env.NO_DOCKER ?? "");
}

function answersOnSocket(socketPath) {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: "/_ping", timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(false));
    ping.on("close", () => resolve(false));
    ping.end();
  });
}
