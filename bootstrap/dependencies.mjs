import { readFileSync } from "node:fs";
import { join } from "node:path";
import { say, step } from "./progress.mjs";
import { npmCommand, runCommand } from "./run-command.mjs";
import { SetupFailure } from "./setup-failure.mjs";

/**
 * Makes sure that node_modules holds what package-lock.json asks for, with `npm ci` if it does not.
 * Whoever ran npm before us (a plain `npm ci`, a CI cache) is trusted: npm itself writes down what it installed.
 */
export async function ensureDependencies({ root, env, signal }) {
  const reason = reasonToInstall(root);
  if (reason === null) return say("- Dependencies: node_modules matches package-lock.json");
  await step(`Installing dependencies with npm ci, because ${reason}`, () =>
    installDependencies({ root, env, signal }),
  );
}

async function installDependencies({ root, env, signal }) {
  const npm = npmCommand(env);
  // NODE_ENV=production or a user's `omit` setting would leave out the tools that `npm test` needs.
  const install = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  const { code, output } = await runCommand(npm.command, [...npm.args, ...install], {
    cwd: root,
    env,
    signal,
    // npm hears no SIGTERM while it installs. To kill it is safe: what it leaves is seen as unfinished next time.
    graceMs: 500,
  });
  signal?.throwIfAborted();
  if (code !== 0) throw new SetupFailure(`npm ci failed with exit code ${code}:\n\n${output}`);
}

/** Why an install is needed, as the end of a sentence, or null when none is. */
function reasonToInstall(root) {
  const wanted = packagesIn(join(root, "package-lock.json"));
  const installed = packagesIn(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null)
    throw new SetupFailure(`package-lock.json is missing or unreadable in ${root}`);
  if (installed === null) return "node_modules is missing or was not finished";

  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const present = installed[path];
    // npm leaves out optional packages that are for other systems, and those that failed to build.
    if (present === undefined && (entry.optional === true || entry.devOptional === true)) continue;
    if (present === undefined) return `${path} is missing`;
    if (present.version !== entry.version || present.integrity !== entry.integrity) {
      return `${path} is not the version in package-lock.json`;
    }
  }
  for (const [path, entry] of Object.entries(installed)) {
    if (wanted[path] === undefined) return `${path} is not in package-lock.json`;
    if (!isForThisMachine(entry)) return `${path} was installed for another system`;
  }
  return null;
}

function packagesIn(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

function isForThisMachine({ os, cpu }) {
  return allows(os, process.platform) && allows(cpu, process.arch);
}

// npm's rule: "!x" forbids x, and a list of plain names allows only those.
function allows(rule, value) {
  const names = [rule ?? []].flat();
  if (names.includes(`!${value}`)) return false;
  const allowed = names.filter((name) => !name.startsWith("!"));
  return allowed.length === 0 || allowed.includes(value) || allowed.includes("any");
}
