/** A markdown table; the formatter aligns it. */
export function table(titles: readonly string[], rows: readonly string[][]): string {
  return [row(titles), row(titles.map(() => "-")), ...rows.map((cells) => row(cells))].join("\n");
}

/** One row; a cell is kept from ending early or spreading over lines. */
function row(cells: readonly string[]): string {
  const safe = cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " "));
  return `| ${safe.join(" | ")} |`;
}
