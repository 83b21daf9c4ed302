/**
 * `npm run build -w packages/client`: the package as others install it, in `dist`: JavaScript, types and a manifest of its
 * own, because Node strips no types below node_modules. `npm pack packages/client/dist` packs it.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import manifest from "../package.json" with { type: "json" };

const ROOT = new URL("../../../", import.meta.url);
const PACKAGE = new URL("packages/client/", ROOT);
const DIST = new URL("dist/", PACKAGE);

const path = (name: string, base: URL): string => fileURLToPath(new URL(name, base));

/** What the published manifest says: no workspace, no scripts, no dependency. */
const PUBLISHED = {
  name: manifest.name,
  version: manifest.version,
  description: "The typed client of the Orchestrator, and the receiver's side for its droplets.",
  license: "MIT",
  type: "module",
  sideEffects: false,
  engines: { node: ">=20.3" },
  exports: {
    ".": entry("index"),
    "./express": entry("express"),
    "./package.json": "./package.json",
  },
  files: ["**/*.js", "**/*.d.ts"],
};

function entry(name: string): { types: string; default: string } {
  return { types: `./${name}.d.ts`, default: `./${name}.js` };
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
execFileSync(
  process.execPath,
  [path("node_modules/typescript/bin/tsc", ROOT), "-p", path("tsconfig.build.json", PACKAGE)],
  { stdio: "inherit" },
);
writeFileSync(new URL("package.json", DIST), `${JSON.stringify(PUBLISHED, null, 2)}\n`);
copyFileSync(new URL("docs/client.md", ROOT), new URL("README.md", DIST));
copyFileSync(new URL("LICENSE", ROOT), new URL("LICENSE", DIST));

// tsc rewrites the imports of the code alone.
for (const file of globSync("**/*.d.ts", { cwd: fileURLToPath(DIST) })) {
  const declarations = new URL(file, DIST);
  const text = readFileSync(declarations, "utf8");
  writeFileSync(declarations, text.replaceAll(/(from "\.{1,2}\/[^"]+)\.ts"/g, '$1.js"'));
}
