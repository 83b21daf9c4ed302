import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const CONSUMER = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "dom", "dom.iterable"],
    module: "nodenext",
    types: [],
    strict: true,
    // The package's own declarations are checked as well.
    skipLibCheck: false,
    outDir: "out",
  },
  include: ["*.ts"],
};

/** An example of docs/client.md, by its place. */
interface Block {
  name: string;
  code: string;
}

async function readExamples(): Promise<Block[]> {
  const text = await readFile(join(ROOT, "docs/client.md"), "utf8");
  const found = text.matchAll(/```ts( receiver)?\n(.*?)```/gs);
  return [...found].map(([, isReceiver, code = ""], n) => ({
    name: isReceiver ? "receiver" : `example-${n + 1}`,
    code,
  }));
}

/** The oldest Node.js this machine has, for the package promises 20. */
function oldestNode(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const places = [...new Set([...folders, "/usr/bin", "/usr/local/bin"])];
  const found = places.flatMap((folder) => {
    const path = join(folder, "node");
    try {
      const version = execFileSync(path, ["--version"], { encoding: "utf8" });
      return [{ path, major: Number(/^v(\d+)/.exec(version)?.[1] ?? 0) }];
    } catch {
      // None in this folder.
      return [];
    }
  });
  const usable = found.filter(({ major }) => major >= 20).toSorted((a, b) => a.major - b.major);
  return usable[0]?.path ?? process.execPath;
}

test("the packed package installs in an empty folder, type-checks there, and the documented examples run", async () => {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "orchestrator-client-"));
  opened.defer(async () => await rm(folder, { recursive: true, force: true }));
  await run(process.execPath, ["packages/client/build/build-package.ts"], { cwd: ROOT });
  await run("npm", ["pack", "--pack-destination", folder, join(ROOT, "packages/client/dist")]);
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  const tarball = join(folder, "orchestrator-client-2.0.0.tgz");
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  const lock = await readFile(join(folder, "package-lock.json"), "utf8");
  expect(lock.match(/"node_modules\//g)).toHaveLength(1);

  const port = await findFreePort();
  const receiverUrl = `http://127.0.0.1:${port}`;
  const system = opened.use(
    await startOrchestrator({ droplets: [{ name: "orders", url: receiverUrl }] }),
  );
  const examples = await readExamples();
  expect(examples.length).toBeGreaterThanOrEqual(5);
  // Express is the droplet's own: it is lent from here.
  await mkdir(join(folder, "node_modules/@types"), { recursive: true });
  await symlink(join(ROOT, "node_modules/express"), join(folder, "node_modules/express"));
  const types = "node_modules/@types/express";
  await symlink(join(ROOT, types), join(folder, types));
  for (const { name, code } of examples) {
    const local = code
      .replaceAll("http://127.0.0.1:8001", system.api.url)
      .replaceAll("8010", String(port));
    await writeFile(join(folder, `${name}.ts`), local);
  }
  const browser = { ...CONSUMER, include: ["example-*.ts"] };
  const receiver = {
    compilerOptions: { ...CONSUMER.compilerOptions, skipLibCheck: true },
    include: ["receiver.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(browser));
  await writeFile(join(folder, "tsconfig.receiver.json"), JSON.stringify(receiver));
  await run(process.execPath, [TSC], { cwd: folder });
  await run(process.execPath, [TSC, "-p", "tsconfig.receiver.json"], { cwd: folder });

  const node = oldestNode();
  const droplet = spawn(node, ["out/receiver.js"], { cwd: folder, stdio: "ignore" });
  opened.defer(async () => {
    const exited = once(droplet, "exit");
    if (droplet.exitCode === null && droplet.kill()) await exited;
  });
  await waitFor("the receiver to listen", async () => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
    return true;
  });
  const said: string[] = [];
  for (const { name } of examples.filter((example) => example.name !== "receiver")) {
    const { stdout } = await run(node, [`out/${name}.js`], { cwd: folder, timeout: 40_000 });
    said.push(stdout);
  }
  expect(said[0]).toContain("success 201 { ordered: true, stock: { left: 12 } }");
  expect(said[1]).toMatch(/queued [\s\S]*success [\s\S]*true 1/);
  expect(said[2]?.trim().split("\n")).toHaveLength(3);
  expect(said[3]).toContain("requested_droplet: 'nobody'");
}, 120_000);
