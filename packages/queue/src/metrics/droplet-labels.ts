import { dropletKey } from "@orchestrator/core";

/** Twice as many as a list holds by default, for droplets that come and go. */
const LABELS_MAX = 2000;

/** What stands for every droplet beyond the first ones. */
export const OTHER_DROPLETS = "other";

/**
 * The `droplet` label of one process's metrics: the lower-cased name, of at most 2,000 droplets in the process's
 * life. Names come and go with the list, while the series made for them stay until the process ends.
 */
export class DropletLabels {
  readonly #known = new Set<string>();

  of(dropletName: string): string {
    const label = dropletKey(dropletName);
    if (this.#known.has(label)) return label;
    if (this.#known.size >= LABELS_MAX) return OTHER_DROPLETS;
    this.#known.add(label);
    return label;
  }
}
