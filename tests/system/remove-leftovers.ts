import { spawnSync } from "node:child_process";

const KINDS = [
  { list: ["ps", "--all"], name: "{{.Names}}", remove: ["rm", "--force", "--volumes"] },
  { list: ["network", "ls"], name: "{{.Name}}", remove: ["network", "rm"] },
  { list: ["volume", "ls"], name: "{{.Name}}", remove: ["volume", "rm"] },
];

/**
 * Removes what begins with this run's prefix, and only that: the engine is shared with others. Synchronous, for a process
 * that is about to exit because someone wants it to.
 */
export function removeLeftovers(prefix: string): void {
  for (const { list, name, remove } of KINDS) {
    const found = docker([...list, "--filter", `name=${prefix}`, "--format", name]);
    const ours = found.split("\n").filter((one) => one.startsWith(prefix));
    if (ours.length > 0) docker([...remove, ...ours]);
  }
}

function docker(args: string[]): string {
  const { stdout, stderr, status } = spawnSync("docker", args, { encoding: "utf8" });
  if (status !== 0)
    process.stderr.write(`docker ${args.join(" ")} ended with ${status}: ${stderr}\n`);
  return stdout;
}
