import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { COMMANDS } from "../commands.ts";
import { renderCompletion } from "./render-completion.ts";

/** What bash would offer after these words. */
function completeInBash(...words: string[]): string[] {
  const script = `
    ${renderCompletion("bash", COMMANDS)}
    orchestrator() { printf '{"droplets":[{"id":1,"name":"billing"},{"id":2,"name":"echo"}]}'; }
    COMP_WORDS=(orchestrator ${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${words.length}
    _orchestrator
    printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  const options = { encoding: "utf8" } as const;
  const offered = execFileSync("bash", ["--norc", "-c", script], options);
  return offered.split("\n").filter((word) => word !== "");
}

it("offers commands, options, their values and droplets in bash", () => {
  expect(completeInBash("dro")).toEqual(["droplets"]);
  expect(completeInBash("")).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
  expect(completeInBash("submit", "--pri")).toEqual(["--priority"]);
  expect(completeInBash("submit", "--priority", "h")).toEqual(["high"]);
  expect(completeInBash("pause", "")).toEqual(["billing", "echo"]);
  expect(completeInBash("circuit", "echo", "c")).toEqual(["closed"]);
  expect(completeInBash("completion", "f")).toEqual(["fish"]);
});

it.each(["zsh", "fish"] as const)("names every command and option in %s", (shell) => {
  const script = renderCompletion(shell, COMMANDS);
  for (const { name, options } of COMMANDS) {
    expect(script).toContain(name);
    for (const option of options) expect(script).toContain(option.name);
  }
});
