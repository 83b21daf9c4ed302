/**
 * `npm run generate` writes what the configuration of each process says of itself into `.env.example` and into the
 * table of `docs/operations.md`, the contract's types into the client, the command line's reference into `docs/cli.md`,
 * the OpenAPI document as prose into `docs/http-api.md`, and the version to wherever it has to stand. With `--check` it writes nothing and fails where they
 * differ: `npm run check` does that.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "oxfmt";
import {
  renderConfigurationTable,
  renderEnvExample,
  replaceBetweenMarkers,
} from "@orchestrator/runtime";
import { ApiConfig } from "../apps/api/src/config.ts";
import { renderReference } from "../apps/cli/src/render-reference.ts";
import { WorkerConfig } from "../apps/worker/src/config.ts";
import { renderContractTypes } from "../packages/client/build/render-contract-types.ts";
import { renderHttpApi } from "./render-http-api.ts";
import { SPREAD_VERSION } from "./spread-version.ts";

const SECTIONS = [
  { title: "api", schema: ApiConfig },
  { title: "worker", schema: WorkerConfig },
];

/** Each generated file, from the repository's root, and its text as it should be, given the text it has. */
const GENERATED: Record<string, (found: string) => string | Promise<string>> = {
  ".env.example": () => renderEnvExample(SECTIONS),
  "docs/http-api.md": async () => await renderHttpApi(),
  "docs/operations.md": (found) =>
    replaceBetweenMarkers(found, "configuration", renderConfigurationTable(SECTIONS)),
  "docs/cli.md": (found) => replaceBetweenMarkers(found, "reference", renderReference()),
  ...formatted(renderContractTypes()),
  ...SPREAD_VERSION,
};

const isCheck = process.argv.includes("--check");
for (const [file, render] of Object.entries(GENERATED)) {
  const path = new URL(`../${file}`, import.meta.url);
  const found = await readIfThere(path);
  const wanted = await render(found);
  if (found === wanted) continue;
  if (isCheck) {
    process.stderr.write(`${file} is not what the code says. Run: npm run generate\n`);
    process.exitCode = 1;
  } else {
    await writeFile(path, wanted);
    process.stdout.write(`${file} written\n`);
  }
}

/** Files of code, as `npm run format` would leave them. */
function formatted(files: Record<string, string>): Record<string, () => Promise<string>> {
  return Object.fromEntries(
    Object.entries(files).map(([file, text]) => [
      file,
      async () => (await format(file, text, { printWidth: 100 })).code,
    ]),
  );
}

/** A missing file is an empty one: `.env.example` can be made from nothing. */
async function readIfThere(path: URL): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
