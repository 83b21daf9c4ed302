import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** As records: an object schema would put what it names first, and change the order in the file. */
const Fields = z.record(z.string(), z.unknown());
type Fields = z.infer<typeof Fields>;
const Names = z.record(z.string(), z.string()).optional();

const read = (file: string): string => readFileSync(`${ROOT}${file}`, "utf8");
const write = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const own = z
  .object({ version: z.string(), workspaces: z.array(z.string()) })
  .parse(JSON.parse(read("package.json")));
const manifests = globSync(
  own.workspaces.map((folder) => `${folder}/package.json`),
  { cwd: ROOT },
);

/**
 * The version stands in the root's package.json. What else has to name it, and its text as it should be: the packages,
 * from where `/version`, `/info` and the OpenAPI document take it, the lockfile, and the images' labels.
 */
export const SPREAD_VERSION: Record<string, (found: string) => string> = {
  ...Object.fromEntries(manifests.map((file) => [file, versionedManifest])),
  "package-lock.json": versionedLockfile,
  "Dockerfile.api": labelled,
  "Dockerfile.worker": labelled,
};

function versionedManifest(found: string): string {
  return write(versioned(Fields.parse(JSON.parse(found))));
}

function versionedLockfile(found: string): string {
  const lock = Fields.parse(JSON.parse(found));
  const packages = Fields.parse(lock["packages"]);
  const ours = ["", ...manifests.map((file) => file.replace(/\/package\.json$/, ""))];
  for (const folder of ours) {
    if (packages[folder] !== undefined)
      packages[folder] = versioned(Fields.parse(packages[folder]));
  }
  return write({ ...lock, version: own.version, packages });
}

/** Our packages depend on each other at exactly this version. */
function versioned(manifest: Fields): Fields {
  const changed: Fields = { ...manifest, version: own.version };
  for (const kind of ["dependencies", "devDependencies"]) {
    const names = Names.parse(manifest[kind]);
    if (names === undefined) continue;
    changed[kind] = Object.fromEntries(
      Object.entries(names).map(([name, version]) => [
        name,
        name.startsWith("@orchestrator/") ? own.version : version,
      ]),
    );
  }
  return changed;
}

function labelled(dockerfile: string): string {
  return dockerfile.replace(/^ARG VERSION=.*$/m, `ARG VERSION=${own.version}`);
}
