import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import type { DropletList } from "./droplet-list-cache.ts";
import { SnapshotFile } from "./snapshot-file.ts";
import { chooseSnapshotFolder } from "./snapshot-folder.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "snapshot-"));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A list of that many droplets: every one has the same version, so that two lists cannot mix unseen. */
function listOf(count: number, version = "1"): DropletList {
  const endpoint = "http://127.0.0.1:1";
  const described = { url: endpoint, endpoint, version, steward: null, metadata: {} };
  return {
    droplets: Array.from({ length: count }, (_, id) => ({
      id,
      name: `droplet-${id}`,
      status: "active",
      ...described,
    })),
    syncedAt: 1_800_000_000_000,
    origin: "registry",
    registryUrl: "http://127.0.0.1:8000",
  };
}

test("a list comes back from disk as it was, and says where it came from", async () => {
  const file = new SnapshotFile(await temporaryFolder());
  expect(await file.write(listOf(3))).toBeNull();
  expect(await file.read()).toEqual({ ...listOf(3), origin: "disk" });
});

test("the file has the name other programs of the mesh look for", async () => {
  const folder = await temporaryFolder();
  const file = new SnapshotFile(folder);
  expect(file.path).toBe(join(folder, "orchestrator_droplets.json"));
});

test("a folder that does not exist is made", async () => {
  const file = new SnapshotFile(join(await temporaryFolder(), "a", "b"));
  expect(await file.write(listOf(1))).toBeNull();
  expect(await file.read()).not.toBeNull();
});

test("a reader finds the old list or the new one, never a mixture, and nothing is left behind", async () => {
  const folder = await temporaryFolder();
  const file = new SnapshotFile(folder);
  await file.write(listOf(200, "0"));
  const seen = new Set<string | null | undefined>();
  const writing = { isOver: false };
  async function writeOften(): Promise<void> {
    for (let version = 1; version <= 40; version++) {
      expect(await file.write(listOf(version % 2 === 0 ? 200 : 5, String(version)))).toBeNull();
    }
    writing.isOver = true;
  }
  async function readOften(): Promise<void> {
    while (!writing.isOver) {
      const list = await file.read();
      const versions = new Set(list?.droplets.map(({ version }) => version));
      expect(versions.size).toBe(1);
      for (const version of versions) seen.add(version);
    }
  }
  await Promise.all([writeOften(), readOften(), readOften()]);
  expect(seen.size).toBeGreaterThan(1);
  expect(await readdir(folder)).toEqual(["orchestrator_droplets.json"]);
});

test("a folder that cannot be written is a warning that names path and uid, not an error", async () => {
  const blocked = join(await temporaryFolder(), "a-file");
  await writeFile(blocked, "in the way");
  const file = new SnapshotFile(join(blocked, "cache"));
  const warning = await file.write(listOf(1));
  expect(warning).toContain(file.path);
  expect(warning).toContain(`uid ${userInfo().uid}`);
  expect(warning).toMatch(/ENOTDIR|EEXIST/);
  expect(await file.read()).toBeNull();
});

test.runIf(existsSync("/proc/self"))(
  "a folder that no one can make is a warning too, after one try",
  async () => {
    const warning = await new SnapshotFile("/proc/nowhere/cache").write(listOf(1));
    expect(warning).toContain("/proc/nowhere");
  },
);

test("a file that cannot be replaced is a warning, and its temporary file is gone", async () => {
  const folder = await temporaryFolder();
  const file = new SnapshotFile(folder);
  await mkdir(file.path);
  expect(await file.write(listOf(1))).toContain(file.path);
  expect(await readdir(folder)).toEqual(["orchestrator_droplets.json"]);
});

test.each([
  ["nothing", ""],
  ["half a file", JSON.stringify(listOf(3)).slice(0, -20)],
  ["no JSON", "droplets!"],
  ["null", "null"],
  ["a number", "5"],
  ["a bare array", "[]"],
  ["no droplets", '{"syncedAt":1}'],
  ["no time", '{"droplets":[]}'],
  ["a time that is text", '{"droplets":[],"syncedAt":"1"}'],
  ["a droplet that is null", '{"droplets":[null],"syncedAt":1}'],
  ["a droplet without a name", '{"droplets":[{"endpoint":"http://a"}],"syncedAt":1}'],
  ["a droplet without an endpoint", '{"droplets":[{"name":"a"}],"syncedAt":1}'],
  ["a broken endpoint", '{"droplets":[{"name":"a","endpoint":"nowhere"}],"syncedAt":1}'],
  ["bytes", Buffer.from([0xff, 0xfe, 0x00])],
])("a file that holds %s is no snapshot", async (_, content) => {
  const folder = await temporaryFolder();
  const file = new SnapshotFile(folder);
  await writeFile(file.path, content);
  expect(await file.read()).toBeNull();
});

test("where there is no file there is no snapshot", async () => {
  expect(await new SnapshotFile(await temporaryFolder()).read()).toBeNull();
});

test("a configured folder is taken as it is, even where it cannot be written", () => {
  expect(chooseSnapshotFolder("/proc/nowhere")).toBe("/proc/nowhere");
  expect(chooseSnapshotFolder("cache")).toBe(join(process.cwd(), "cache"));
});
