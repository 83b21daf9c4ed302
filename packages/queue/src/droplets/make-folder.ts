import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it, each with a single try. Node's own `recursive` tries for ever under a file system
 * that answers "no such folder" to whoever makes one, as /proc does.
 * @throws {Error} what the file system says, naming the folder
 */
export async function makeFolder(path: string): Promise<void> {
  if (await exists(path)) return;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  try {
    await mkdir(path);
  } catch (error) {
    // Another process was faster; should a file be in the way, whoever writes there says so.
    if (!isAlreadyThere(error)) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Absent, or not to be looked at: making it tells.
    return false;
  }
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
