/**
 * `npm run test:system`: builds the images and tries them in containers, after doing its own set-up. Where no Docker
 * engine answers, its tests are skipped and say so. Arguments after `--` go to vitest.
 */
import { runVitestSuite } from "./vitest-suite.mjs";

await runVitestSuite({
  command: "npm run test:system",
  project: "system",
  env: process.env,
  // Skipped tests by name: how many there are says little, which ones says all.
  reporter: "tree",
  vitestArgs: process.argv.slice(2),
});
