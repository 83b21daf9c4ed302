import type { Option } from "./command.ts";

/** Where the API is unless told: what `npm start` brings up. */
export const DEFAULT_URL = "http://127.0.0.1:8001";

/** Options of every command. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  {
    name: "url",
    value: "URL",
    description: `Where the API is; else ORCHESTRATOR_URL, else ${DEFAULT_URL}.`,
  },
  {
    name: "api-key",
    value: "KEY",
    description:
      "A key or a token of the mesh. Better in ORCHESTRATOR_API_KEY: command lines can be seen by others.",
  },
  {
    name: "retry-for",
    value: "TIME",
    description: "How long to go on trying while nobody answers; 0 for not at all.",
  },
  { name: "json", description: "JSON on stdout, one document a line; messages stay on stderr." },
  { name: "no-color", description: "No colours; NO_COLOR does the same." },
  { name: "help", short: "h", description: "What this command does, with examples." },
];
