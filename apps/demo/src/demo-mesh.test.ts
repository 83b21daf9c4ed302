import { expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { startDemoMesh } from "./demo-mesh.ts";
import { serveLocally } from "./testing/serve-locally.ts";

test("a wrong port is refused before anything listens, naming every wrong variable", () => {
  const env = { DEMO_REGISTRY_PORT: "many", DEMO_DROPLETS_PORT: "65534" };
  expect(() => readConfig(env)).toThrow(/DEMO_REGISTRY_PORT.*DEMO_DROPLETS_PORT/);
});

test("the name in the endpoints can differ from the address listened on", () => {
  const env = { DEMO_HOST: "0.0.0.0", DEMO_PUBLIC_HOST: "demo" };
  expect(readConfig(env)).toEqual({
    host: "0.0.0.0",
    publicHost: "demo",
    registryPort: 8000,
    dropletsPort: 8010,
  });
});

test("a taken port is an error that names the port and the variable, and nothing else is left listening", async () => {
  await using blocker = await serveLocally(() => ({ status: 200, body: {} }));
  const config = {
    host: "127.0.0.1",
    publicHost: "127.0.0.1",
    registryPort: blocker.port,
    dropletsPort: 18_310,
  };
  await expect(startDemoMesh(config)).rejects.toThrow(
    new RegExp(`Port ${blocker.port} is taken .*DEMO_REGISTRY_PORT`),
  );
  await expect(fetch("http://127.0.0.1:18310/")).rejects.toThrow("fetch failed");
});

test("the Registry lists every droplet at an endpoint that answers", async () => {
  const config = readConfig({ DEMO_REGISTRY_PORT: "18300", DEMO_DROPLETS_PORT: "18301" });
  await using mesh = await startDemoMesh(config);
  expect(mesh.endpoints).toHaveLength(5);
  const response = await fetch("http://127.0.0.1:18300/droplets");
  expect(await response.json()).toMatchObject({
    droplets: [
      { name: "echo", endpoint: "http://127.0.0.1:18301" },
      { name: "slow", endpoint: "http://127.0.0.1:18302" },
      { name: "flaky", endpoint: "http://127.0.0.1:18303" },
      { name: "failing", endpoint: "http://127.0.0.1:18304" },
    ],
  });
  expect((await fetch("http://127.0.0.1:18301/x")).status).toBe(200);
});
