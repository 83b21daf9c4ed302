import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { describeConfiguration } from "./describe-configuration.ts";
import type { ConfigurationRow } from "./describe-configuration.ts";

/** The configuration of one process; `title` says which, as in "api". */
export interface ConfigurationSection {
  readonly title: string;
  readonly schema: z.ZodObject;
}

interface SharedRow extends ConfigurationRow {
  readonly readBy: string[];
}

/** The text of `.env.example`: every variable once, commented out, with its description, bounds and default. */
export function renderEnvExample(sections: readonly ConfigurationSection[]): string {
  const intro = [
    "# Every variable that is read, with its default. Copy to .env and uncomment what you change.",
    "# An empty value counts as unset. Generated from the configuration of each process: do not edit.",
  ];
  const entries = mergeRows(sections).map((row) =>
    [
      `# ${row.description}`,
      ...(row.allowed ? [`# Allowed: ${row.allowed}.`] : []),
      `# Default: ${withUnit(row)}. Read by: ${row.readBy.join(", ")}.`,
      `# ${row.name}=${row.example}`,
    ].join("\n"),
  );
  return `${[intro.join("\n"), ...entries].join("\n\n")}\n`;
}

/** A markdown table of every variable, its columns padded as oxfmt would, so that formatting does not undo it. */
export function renderConfigurationTable(sections: readonly ConfigurationSection[]): string {
  const lines = [
    ["Variable", "Default", "Allowed", "Meaning", "Read by"],
    ...mergeRows(sections).map((row) =>
      [
        `\`${row.name}\``,
        row.example === "" ? row.default : `\`${row.example}\`${row.unit ? ` ${row.unit}` : ""}`,
        row.allowed ?? "",
        row.description,
        row.readBy.join(", "),
      ].map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ")),
    ),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? "").length)),
  );
  const padded = lines.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  padded.splice(1, 0, rule);
  return padded.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One name has one meaning: a variable that two processes read must be documented alike in both. */
function mergeRows(sections: readonly ConfigurationSection[]): SharedRow[] {
  const rows = new Map<string, SharedRow>();
  for (const { title, schema } of sections) {
    for (const row of describeConfiguration(schema)) {
      const { readBy, ...known } = rows.get(row.name) ?? { ...row, readBy: [] };
      if (!isDeepStrictEqual(known, row)) {
        throw new Error(
          `${row.name} is described differently by ${title} and ${readBy.join(", ")}`,
        );
      }
      rows.set(row.name, { ...row, readBy: [...readBy, title] });
    }
  }
  return [...rows.values()];
}

function withUnit({ default: text, example, unit }: ConfigurationRow): string {
  return unit && example !== "" ? `${text} ${unit}` : text;
}
