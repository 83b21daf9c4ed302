import { accessSync, constants, mkdirSync } from "node:fs";
import { resolve } from "node:path";

const PREFERRED = "/var/cache/fpai";

/** The folder of the snapshot: the configured one as it is, else the mesh's usual place, else our own. */
export function chooseSnapshotFolder(configured: string | undefined): string {
  if (configured !== undefined) return resolve(configured);
  try {
    mkdirSync(PREFERRED, { recursive: true });
    accessSync(PREFERRED, constants.W_OK);
    return PREFERRED;
  } catch {
    // Not ours to write: the usual case outside a container.
    return resolve(".data");
  }
}
