import { stripVTControlCharacters } from "node:util";

export interface Column {
  title: string;
  isRight?: boolean;
}

/** Rows under titles, each column as wide as its widest cell; colours do not count. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ title }, n) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[n] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, n) => {
        const space = " ".repeat(Math.max(0, (widths[n] ?? 0) - widthOf(cell)));
        return columns[n]?.isRight ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)].join("\n");
}

function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
