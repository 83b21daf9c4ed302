import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const read = async (file: string): Promise<string> =>
  await readFile(new URL(`../../${file}`, import.meta.url), "utf8");

test("the workflow runs every command of the gate, and only actions of a fixed commit", async () => {
  const [gate, workflow] = await Promise.all([read(".ci/run"), read(".github/workflows/ci.yml")]);
  const commands = Array.from(gate.matchAll(/^\s*step "[^"]+" (npm .+)$/gm), ([, command = ""]) =>
    command.replace("--silent ", ""),
  );
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) expect(workflow).toContain(`run: ${command}\n`);
  const actions = Array.from(workflow.matchAll(/uses: (\S+)/g), ([, action = ""]) => action);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
