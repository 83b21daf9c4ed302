import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import root from "../package.json" with { type: "json" };

const manifests = globSync(
  root.workspaces.map((folder) => `${folder}/package.json`),
  { cwd: fileURLToPath(new URL("..", import.meta.url)) },
);

/**
 * The version stands in the root's package.json. What else has to name it, and its text as it should be: the packages,
 * from where `/version`, `/info` and the OpenAPI document take it, the lockfile, and the images' labels.
 */
export const SPREAD_VERSION: Record<string, (found: string) => string> = {
  ...Object.fromEntries(manifests.map((file) => [file, versioned])),
  "package-lock.json": (found) =>
    versioned(found)
      .replace(/^( {6}"version": )"[^"]*"/m, quoted)
      .replace(/^( {6}"name": "@orchestrator\/[^"]+",\n {6}"version": )"[^"]*"/gm, quoted),
  "Dockerfile.api": labelled,
  "Dockerfile.worker": labelled,
};

/** Its own version, and those of our packages that it depends on: they go together. */
function versioned(manifest: string): string {
  return manifest
    .replace(/^( {2}"version": )"[^"]*"/m, quoted)
    .replace(/("@orchestrator\/[\w-]+": )"\d[^"]*"/g, quoted);
}

function quoted(_found: string, before: string): string {
  return `${before}"${root.version}"`;
}

function labelled(dockerfile: string): string {
  return dockerfile.replace(/^ARG VERSION=.*$/m, `ARG VERSION=${root.version}`);
}
