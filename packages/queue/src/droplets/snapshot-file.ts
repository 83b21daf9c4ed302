import { readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { ownWriting } from "../redis/own-writing.ts";
import { makeFolder } from "./make-folder.ts";
import type { DropletList } from "./droplet-list-cache.ts";

const FILE_NAME = "orchestrator_droplets.json";

/** What is wrong with the cache folder, in words that tell the operator what to mend. */
export type SnapshotWarning = string | null;

/** The last good list on disk: the last fallback, when Registry and Redis are both empty-handed. */
export class SnapshotFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, FILE_NAME);
  }

  /** Atomic: a reader finds the old list or the new one. A folder that cannot be written is a warning. */
  async write(list: DropletList): Promise<SnapshotWarning> {
    try {
      await makeFolder(this.#folder);
      await writeFileAtomic(this.path, JSON.stringify(list));
      return null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `cannot write ${this.path} as uid ${process.getuid?.() ?? "unknown"}: ${reason}`;
    }
  }

  /** Null when there is none, or none that can be read. */
  async read(): Promise<DropletList | null> {
    try {
      const found: unknown = JSON.parse(await readFile(this.path, "utf8"));
      return isDropletList(found) ? { ...found, origin: "disk" } : null;
    } catch {
      // Absent, unreadable or half a file: there is no snapshot, and the Registry will bring a list.
      return null;
    }
  }
}

/** The file is ours, but it lies where people can edit it. */
function isDropletList(found: unknown): found is DropletList {
  if (typeof found !== "object" || found === null) return false;
  const { droplets, syncedAt } = ownWriting<Partial<DropletList>>(found);
  return typeof syncedAt === "number" && Array.isArray(droplets) && droplets.every(isCallable);
}

function isCallable(droplet: unknown): boolean {
  if (typeof droplet !== "object" || droplet === null) return false;
  const { name, endpoint } = ownWriting<{ name?: unknown; endpoint?: unknown }>(droplet);
  return typeof name === "string" && typeof endpoint === "string" && URL.canParse(endpoint);
}
