const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Style = { [Name in keyof typeof CODES]: (text: string) => string };

/** Colours, or none: they are for a terminal, and not for one that asks for none (no-color.org). */
export function makeStyle(isColoured: boolean): Style {
  const paint =
    (code: number) =>
    (text: string): string =>
      isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    cyan: paint(CODES.cyan),
  };
}

export function paintStatus(style: Style, status: string): string {
  if (status === "success") return style.green(status);
  if (status === "error" || status === "timeout") return style.red(status);
  return status === "running" || status === "queued" ? style.cyan(status) : style.yellow(status);
}
