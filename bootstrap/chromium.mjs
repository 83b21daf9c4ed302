import { findExecutable } from "./find-executable.mjs";
import { say, step } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupFailure } from "./setup-failure.mjs";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of a Chromium: CHROMIUM, else from the PATH, else Debian's, installed where we are root. */
export async function ensureChromium({ env }) {
  const found = env.CHROMIUM ?? findChromium(env);
  if (found) return found;
  await installWithApt(env);
  const installed = findChromium(env);
  if (installed) return installed;
  throw new SetupFailure(
    "There is no Chromium here. Install one (Debian: sudo apt-get install chromium), or name it in CHROMIUM.",
  );
}

function findChromium(env) {
  return BROWSERS.map((name) => findExecutable(name, env)).find(Boolean);
}

async function installWithApt(env) {
  if (process.getuid?.() !== 0 || findExecutable("apt-get", env) === null) return;
  await step("Installing chromium with apt-get, because there is none here", async () => {
    const asked = { ...env, DEBIAN_FRONTEND: "noninteractive" };
    // A broken third-party source makes `update` fail although chromium can be had: the install decides.
    await runCommand("apt-get", ["update"], { env: asked });
    const install = ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends"];
    const { code, output } = await runCommand("apt-get", [...install, "chromium"], { env: asked });
    if (code !== 0) say(`  apt-get could not install it:\n${output.trimEnd().slice(-800)}`);
  });
}
