import type { Command, Operand, Option } from "../command.ts";
import { GLOBAL_OPTIONS } from "../global-options.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** Asks the service, quickly and silently: completion must not hang on one that is away. */
const ASK_DROPLETS =
  'orchestrator droplets --json --retry-for 0 2>/dev/null | grep -o \'"name":"[^"]*"\' | cut -d\'"\' -f4 | sort -u';

/** What to source, or to put where the shell looks. */
export function renderCompletion(shell: Shell, commands: readonly Command[]): string {
  const render = { bash: renderBash, zsh: renderZsh, fish: renderFish }[shell];
  return render(commands);
}

function renderBash(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options, operands }) => {
    const flags = [...options, ...GLOBAL_OPTIONS].map((option) => `--${option.name}`).join(" ");
    const words = operands.map((operand) => `"${wordsFor(operand)}"`).join(" ");
    return `    ${name}) options="${flags}"; operands=(${words}) ;;`;
  });
  return `
_orchestrator() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local options="" operands=() word place=-1
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} help --help --version" -- "$current"))
    return
  fi
  case "$previous" in
${choiceCases(commands).join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:2:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) place=$((place + 1)) ;; esac
  done
  if [ "$place" -ge "\${#operands[@]}" ]; then place=$((\${#operands[@]} - 1)); fi
  if [ "$place" -lt 0 ]; then return; fi
  case "\${operands[$place]}" in
    :droplets) COMPREPLY=($(compgen -W "$(${ASK_DROPLETS})" -- "$current")) ;;
    :files) COMPREPLY=($(compgen -f -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "\${operands[$place]}" -- "$current")) ;;
  esac
}
complete -F _orchestrator orchestrator
`;
}

/** Values of options with a closed list. */
function choiceCases(commands: readonly Command[]): string[] {
  const cases = new Map<string, string>();
  for (const { name, choices } of commands.flatMap(({ options }) => options)) {
    if (choices) cases.set(name, choices.join(" "));
  }
  return [...cases].map(
    ([name, choices]) =>
      `    --${name}) COMPREPLY=($(compgen -W "${choices}" -- "$current")); return ;;`,
  );
}

function renderZsh(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  const cases = commands.map(({ name, options, operands }) => {
    const flags = [...options, ...GLOBAL_OPTIONS].map((option) => `      ${zshOption(option)} \\`);
    return `    ${name})\n      _arguments -s \\\n${flags.join("\n")}\n      ${operands.map(zshOperand).join(" ")} ;;`;
  });
  return `#compdef orchestrator
_orchestrator_droplets() {
  local -a names
  names=(\${(f)"$(${ASK_DROPLETS})"})
  compadd -a names
}

_orchestrator() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
${cases.join("\n")}
  esac
}

if [ "$funcstack[1]" = "_orchestrator" ]; then _orchestrator "$@"; else compdef _orchestrator orchestrator; fi
`;
}

function zshOption({ name, value, choices, isMany, description }: Option): string {
  const argument = value ? `:${value}:${choices ? `(${choices.join(" ")})` : ""}` : "";
  return `'${isMany ? "*" : ""}--${name}[${zshText(description)}]${argument}'`;
}

function zshOperand(operand: Operand, n: number): string {
  const words = wordsFor(operand);
  const action = ACTIONS[words] ?? `(${words})`;
  return `'${operand.isMany ? "*" : n + 1}:${operand.name}:${action}'`;
}

const ACTIONS: Record<string, string> = {
  ":droplets": "_orchestrator_droplets",
  ":files": "_files",
};

function zshText(text: string): string {
  return text.replaceAll("'", "").replaceAll(/[[\]:`]/g, "");
}

function renderFish(commands: readonly Command[]): string {
  const isFirst = "__fish_use_subcommand";
  return commands
    .flatMap(({ name, summary, options, operands }) => [
      `complete -c orchestrator -f -n ${isFirst} -a ${name} -d ${fishText(summary)}`,
      ...[...options, ...GLOBAL_OPTIONS].map((option) => fishOption(name, option)),
      ...operands.flatMap((operand) => fishOperand(name, wordsFor(operand))),
    ])
    .join("\n")
    .concat("\n");
}

function fishOption(command: string, { name, short, value, choices, description }: Option): string {
  const words = [
    `complete -c orchestrator -n "__fish_seen_subcommand_from ${command}" -l ${name}`,
    ...(short ? [`-s ${short}`] : []),
    ...(value ? ["-x"] : []),
    ...(choices ? [`-a "${choices.join(" ")}"`] : []),
    `-d ${fishText(description)}`,
  ];
  return words.join(" ");
}

function fishOperand(command: string, words: string): string[] {
  if (words === "") return [];
  const start = `complete -c orchestrator -n "__fish_seen_subcommand_from ${command}"`;
  if (words === ":files") return [`${start} -F`];
  return [
    `${start} -f -a "${words === ":droplets" ? `(${ASK_DROPLETS.replaceAll('"', String.raw`\"`)})` : words}"`,
  ];
}

function fishText(text: string): string {
  return `'${text.replaceAll("'", "")}'`;
}

/** The words to offer, or `:droplets`, `:files`; empty for what nobody can guess. */
function wordsFor({ completes }: Operand): string {
  if (completes === undefined) return "";
  return typeof completes === "string" ? `:${completes}` : completes.join(" ");
}
