import type { Command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { timeOf } from "../show-task.ts";
import { plainText, shortText } from "../terminal/plain-text.ts";
import { renderTable } from "../terminal/table.ts";

const DETAILS_LENGTH_MAX = 80;

export const audit: Command = {
  name: "audit",
  summary: "What operators did, newest first",
  operands: [],
  options: [{ name: "limit", value: "N", description: "1 to 1,000; 20 unless given." }],
  examples: [{ line: "orchestrator audit --limit 5", description: "The last five" }],
  retryForS: 3,
  run: async ({ options, client, output, signal }) => {
    const limit = options.count("limit", { min: 1, max: 1000 }) ?? 20;
    const page = await client.audit(limit, { signal });
    const columns = ["AT", "ACTION", "DROPLET", "WHO", "DETAILS"].map((title) => ({ title }));
    const rows = page.entries.map((entry) => [
      timeOf(entry.at) ?? "",
      plainText(entry.action),
      plainText(entry.droplet ?? ""),
      plainText(entry.caller ?? entry.remote ?? ""),
      shortText(JSON.stringify(entry.details), DETAILS_LENGTH_MAX),
    ]);
    output.result(page, () => renderTable(columns, rows));
    return EXIT.ok;
  },
};
