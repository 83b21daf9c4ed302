import { dropletKey, type Droplet } from "./droplet.ts";
import { readId } from "./read-id.ts";

/** A list of droplets, prepared for lookup: made once per list, asked once per task. */
export interface DropletIndex {
  /** Without regard to case. */
  byName: (name: string) => Droplet | null;
  /** `2` and `"2"` are the same id. Of two droplets with one id, the first listed. */
  byId: (id: number | string) => Droplet | null;
}

export function indexDroplets(droplets: readonly Droplet[]): DropletIndex {
  // The first of two must win, and a Map keeps the last: so the list goes in backwards.
  const backwards = droplets.toReversed();
  const names = new Map(backwards.map((droplet) => [dropletKey(droplet.name), droplet]));
  const ids = new Map(backwards.map((droplet) => [readId(droplet.id), droplet]));
  return {
    byName: (name) => names.get(dropletKey(name)) ?? null,
    byId: (id) => ids.get(readId(id)) ?? null,
  };
}
