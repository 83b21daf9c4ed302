import { parseEndpoint } from "../target-address/parse-endpoint.ts";
import { dropletKey, type Droplet } from "./droplet.ts";

const REGISTRY_ID = 1;
const REGISTRY_NAME = "registry";

/**
 * The list with the Registry itself as its first droplet, unless the list names one. Throws when
 * `registryUrl` is no endpoint: the configuration is to be checked with `parseEndpoint` at start.
 */
export function withRegistry(droplets: readonly Droplet[], registryUrl: string): Droplet[] {
  if (droplets.some(({ name }) => dropletKey(name) === REGISTRY_NAME)) return [...droplets];
  const parsed = parseEndpoint(registryUrl);
  if (parsed.kind === "invalid") throw new TypeError(`REGISTRY_URL: ${parsed.reason}`);
  const registry: Droplet = {
    id: REGISTRY_ID,
    name: REGISTRY_NAME,
    url: parsed.endpoint,
    endpoint: parsed.endpoint,
    version: null,
    status: "active",
    steward: null,
    metadata: {},
  };
  return [registry, ...droplets];
}
