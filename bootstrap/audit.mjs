/**
 * `npm run audit`: asks the registry for known weaknesses of what is installed in production, and fails on a high or
 * critical one. Where the registry cannot be asked (no network, a mirror without that endpoint) it says so and does
 * not fail: whether others know of a weakness is nothing this machine can find out.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { say } from "./progress.mjs";
import { npmCommand, runCommand } from "./run-command.mjs";

const ASK_MS_MAX = 60_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { command, args } = npmCommand(process.env);
const asked = [...args, "audit", "--omit=dev", "--json"];
const { output } = await runCommand(command, asked, { cwd: root, timeoutMs: ASK_MS_MAX });
const counts = readCounts(output);

if (counts === null) {
  say("audit: the registry's advisories are not reachable from here; nothing was checked");
} else {
  const severe = counts.high + counts.critical;
  say(`audit: ${counts.total} known weaknesses, ${severe} of them high or critical`);
  if (severe > 0) {
    say(output);
    process.exitCode = 1;
  }
}

/** Null when the answer is none: npm writes an error in its place. */
function readCounts(text) {
  try {
    // Warnings of npm stand before and after the JSON.
    const json = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
    return json.metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}
