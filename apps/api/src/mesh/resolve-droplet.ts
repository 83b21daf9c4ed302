import type { DropletReference } from "@orchestrator/contract";
import type { Droplet } from "@orchestrator/core";
import type { DropletDirectory } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";

const DROPLETS_SHOWN_MAX = 100;
const NAME_SHOWN_MAX = 255;

/** The mesh's third way to name a droplet. */
const ID_AS_NAME = /^droplet-(\d{1,15})$/i;

/** The droplet that somebody means: by name, by id, or as `droplet-<id>`; a name beats an id. */
export function resolveDroplet(
  reference: DropletReference,
  directory: DropletDirectory,
): Droplet | null {
  const named = directory.byName(String(reference)) ?? directory.byId(reference);
  const id = ID_AS_NAME.exec(String(reference))?.[1];
  return named ?? (id === undefined ? null : directory.byId(id));
}

/** Every name under which a droplet may have sent us something before it was listed. */
export function namesOf({ name, id }: Droplet): string[] {
  return [...new Set([name, String(id), `droplet-${id}`])];
}

/** @param options.httpStatus where it is not the usual 400 */
export function dropletNotFound(
  reference: DropletReference,
  directory: DropletDirectory,
  options: { httpStatus?: number } = {},
): Refusal {
  const requested = String(reference).slice(0, NAME_SHOWN_MAX);
  const available = directory.droplets.slice(0, DROPLETS_SHOWN_MAX);
  return new Refusal(
    "DROPLET_NOT_FOUND",
    `Droplet '${requested}' not found in registry`,
    { requested_droplet: requested, available_droplets: available.map(({ name }) => name) },
    options,
  );
}
