import { parseEndpoint } from "../target-address/parse-endpoint.ts";
import { dropletKey, type Droplet } from "./droplet.ts";

/** What we are called in the mesh. */
export const OUR_NAME = "orchestrator";

const REGISTRY_NAME = "registry";

/** Whether a droplet on the list is ourselves: by name, or by the address we advertise. */
export function isOurEntry({ name, endpoint }: Droplet, publicUrl: string): boolean {
  if (dropletKey(name) === OUR_NAME) return true;
  const ours = parseEndpoint(publicUrl);
  return ours.kind === "endpoint" && ours.endpoint === endpoint;
}

/**
 * Whether the list tells of anybody but us and the Registry. A Registry that restarted without its data lists
 * us alone as soon as we have registered: that is no more of a list than an empty one.
 */
export function listsOthers(droplets: readonly Droplet[], publicUrl: string): boolean {
  return droplets.some(
    (droplet) => !isOurEntry(droplet, publicUrl) && dropletKey(droplet.name) !== REGISTRY_NAME,
  );
}
