import { dropletKey, type Droplet } from "./droplet.ts";

export interface DatedDroplet {
  where: string;
  droplet: Droplet;
  updatedAtMs: number | null;
}

/**
 * Leaves one entry per name, compared without regard to case: the one with the newest date, the last
 * of several equally new. An entry with a date beats one without, wherever they stand, so that the
 * answer does not depend on the order of three. The survivor stands where the first one stood.
 */
export function dropDuplicates(found: readonly DatedDroplet[]) {
  const byKey = new Map<string, DatedDroplet>();
  const dropped: DatedDroplet[] = [];
  for (const next of found) {
    const key = dropletKey(next.droplet.name);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, next);
    else if (dateOf(next) < dateOf(known)) dropped.push(next);
    else {
      dropped.push(known);
      byKey.set(key, next);
    }
  }
  return { kept: [...byKey.values()], dropped };
}

function dateOf({ updatedAtMs }: DatedDroplet): number {
  return updatedAtMs ?? -Infinity;
}
