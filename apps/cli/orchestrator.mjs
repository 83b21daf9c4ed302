#!/usr/bin/env node
/**
 * `npx orchestrator`: runs the command line on a Node.js that can: on this one when it is new enough, else on the one
 * that came with the dependencies, as `npm start` does. Plain JavaScript, because it runs on Node 20.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

// Every start after the first takes half the time. Node 20 has none, and hands over anyway.
nodeModule.enableCompileCache?.();

const CANNOT_RUN = 70;
const INTERRUPTED = 130;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const main = new URL("src/main.ts", import.meta.url);
if (major > 24 || (major === 24 && minor >= 12)) await import(main.href);
else runOn(bundledNode());

function bundledNode() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const file = process.platform === "win32" ? "node.exe" : "node";
  const place = `../../node_modules/node-${system}-${process.arch}/bin/${file}`;
  return fileURLToPath(new URL(place, import.meta.url));
}

function runOn(node) {
  if (!existsSync(node)) {
    fail(`Node.js 24.12 or newer is needed; this is ${process.version}. In the repository: npm ci`);
    return;
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  // Whoever sends a signal to us means the command line.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(error.message));
  child.on("close", (code) => {
    process.exitCode = code ?? INTERRUPTED;
  });
}

function fail(reason) {
  process.stderr.write(`orchestrator: ${reason}\n`);
  process.exitCode = CANNOT_RUN;
}
