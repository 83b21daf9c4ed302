/** Stands in a document for whatever else there is: `{ "number": 1, "…": "…" }`, `["…"]`, or a line by itself. */
const MORE = "…";

/** Numbers and texts that are others in each run. */
const VOLATILE = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z/g,
  /\b[0-9a-f]{16,32}\b/g,
];
const VOLATILE_FIELD =
  /_at$|^(timestamp|x-request-deadline|age_seconds|uptime_seconds|next_cursor)$/;
const DURATION_FIELD = /_ms$/;

/** What of an example's output is not as its document shows it, one line a difference; loosely for ids and times. */
export function differences(shown: { language: string; text: string }, printed: string): string[] {
  if (shown.language !== "json") return textDifferences(shown.text, printed);
  const wanted: unknown = JSON.parse(shown.text);
  try {
    return valueDifferences(wanted, JSON.parse(printed), "");
  } catch (error) {
    return [`is not JSON (${String(error)}): ${printed}`];
  }
}

function textDifferences(shown: string, printed: string): string[] {
  const lines = shown.trim().split("\n");
  const pattern = lines
    .map((line) => (line === MORE ? "[^]*" : patternOf(line)))
    .join("\\s*\\n\\s*");
  const isAsShown = new RegExp(`^\\s*${pattern}\\s*$`).test(loosely(printed));
  return isAsShown ? [] : [`shown:\n${shown}\nprinted:\n${printed}`];
}

function patternOf(line: string): string {
  return loosely(line)
    .split(MORE)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(".*");
}

function valueDifferences(shown: unknown, printed: unknown, path: string): string[] {
  if (shown === MORE) return [];
  if (Array.isArray(shown) && Array.isArray(printed)) return listDifferences(shown, printed, path);
  if (isObject(shown) && isObject(printed)) return fieldDifferences(shown, printed, path);
  return isAlike(shown, printed, path)
    ? []
    : [`${path || "it"} is ${JSON.stringify(printed)} instead of ${JSON.stringify(shown)}`];
}

function listDifferences(shown: unknown[], printed: unknown[], path: string): string[] {
  const listed = shown.filter((one) => one !== MORE);
  const isOpen = listed.length < shown.length;
  if (!isOpen && listed.length !== printed.length) {
    return [`${path} has ${printed.length} entries instead of ${listed.length}`];
  }
  return listed.flatMap((one, index) => valueDifferences(one, printed[index], `${path}[${index}]`));
}

function fieldDifferences(
  { [MORE]: more, ...shown }: Record<string, unknown>,
  printed: Record<string, unknown>,
  path: string,
): string[] {
  const unshown = more === undefined ? Object.keys(printed).filter((key) => !(key in shown)) : [];
  return [
    ...unshown.map((key) => `${path}.${key} is not shown`),
    ...Object.entries(shown).flatMap(([key, value]) =>
      valueDifferences(value, printed[key], `${path}.${key}`),
    ),
  ];
}

function isAlike(shown: unknown, printed: unknown, path: string): boolean {
  const field = path.slice(path.lastIndexOf(".") + 1);
  if (typeof shown !== typeof printed || (shown === null) !== (printed === null)) return false;
  if (VOLATILE_FIELD.test(field)) return true;
  if (typeof shown === "number" && typeof printed === "number" && DURATION_FIELD.test(field)) {
    // A busy machine may take longer; it cannot wait for less than what it promises to wait.
    return printed >= (shown < 100 ? 0 : shown * 0.8);
  }
  if (typeof shown === "string" && typeof printed === "string") {
    return textDifferences(shown, printed).length === 0;
  }
  return shown === printed;
}

function loosely(text: string): string {
  return VOLATILE.reduce((loose, volatile) => loose.replaceAll(volatile, "<any>"), text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
