import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Licences that ask for no more than a notice. */
const FREE = new Set(["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"]);

const KINDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;

interface Package {
  workspaces?: string[];
  version?: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

const { packages } = read("package-lock.json") as { packages: Record<string, Package> };
const own = Object.entries(packages).filter(([path]) => !path.includes("node_modules"));
const foreign = Object.entries(packages).filter(
  ([path, { link }]) => path.includes("node_modules/") && link !== true,
);

test("every dependency of ours is pinned to one version, in the manifest and in the lockfile", () => {
  expect(own.length).toBeGreaterThan(5);
  for (const [path] of own) {
    const manifest = read(join(path, "package.json")) as Package;
    for (const kind of KINDS) {
      const loose = Object.entries(manifest[kind] ?? {}).filter(
        ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
      );
      expect({ path, loose }).toEqual({ path, loose: [] });
      expect({ path, [kind]: packages[path]?.[kind] ?? {} }).toEqual({
        path,
        [kind]: manifest[kind] ?? {},
      });
    }
  }
});

test("every package that is fetched is checked against the hash it had", () => {
  expect(foreign.length).toBeGreaterThan(100);
  const unchecked = foreign.filter(([, { integrity }]) => !integrity?.startsWith("sha512-"));
  expect(unchecked.map(([path]) => path)).toEqual([]);
});

test("what is installed in production may be used by anyone", () => {
  const odd = foreign
    .filter(([, { dev, license }]) => dev !== true && !FREE.has(license ?? "none"))
    .map(([path, { license }]) => `${path}: ${license ?? "none"}`);
  expect(odd).toEqual([]);
});
