import type { Command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { renderCompletion, SHELLS } from "../completion/render-completion.ts";
import { UsageError } from "../usage-error.ts";

/** @param commands all there are, this one included, once they are all there */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "Print a script that completes commands, options and droplets in your shell",
    operands: [{ name: "shell", description: SHELLS.join(", "), completes: SHELLS }],
    options: [],
    examples: [
      { line: "orchestrator completion bash > orchestrator.bash", description: "Then source it" },
      {
        line: "orchestrator completion zsh > _orchestrator",
        description: "Into a folder of your fpath",
      },
      {
        line: "orchestrator completion fish > orchestrator.fish",
        description: "Into ~/.config/fish/completions",
      },
    ],
    retryForS: 0,
    run: async ({ operands: [name = ""], output }) => {
      const shell = SHELLS.find((one) => one === name);
      if (shell === undefined) {
        throw new UsageError(`the shell must be one of ${SHELLS.join(", ")}, not '${name}'`);
      }
      output.stdout.write(renderCompletion(shell, commands()));
      return await Promise.resolve(EXIT.ok);
    },
  };
}
