import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

// A package installed a moment ago is in one of these, whether or not the PATH we were started with says so.
const USUAL_FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"];

/** The full path of a program, from the PATH or the folders where package managers put programs, or null. */
export function findExecutable(name, env) {
  const folders = [...(env.PATH ?? "").split(delimiter), ...USUAL_FOLDERS];
  const suffix = process.platform === "win32" ? ".exe" : "";
  const candidates = folders.filter(Boolean).map((folder) => join(folder, name + suffix));
  return candidates.find(isExecutableFile) ?? null;
}

function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
