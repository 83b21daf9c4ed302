/** What a document shows: some lines to paste into a shell, or a program, and what they print. */
export interface DocumentedExample {
  /** `file:line`, for messages. */
  where: string;
  language: "sh" | "js";
  source: string;
  /** As it is shown; null where nothing is. */
  output: { language: string; text: string } | null;
}

interface Fence {
  line: number;
  language: string;
  role: string;
  text: string;
}

/**
 * The examples of a document that are to be run, in its order. They are marked behind the language of the fence, where
 * a reader of the rendered page does not see it: `sh run` or `js run`, and `json output` or `text output` for what the
 * example before it prints.
 */
export function documentedExamples(file: string, document: string): DocumentedExample[] {
  const examples: DocumentedExample[] = [];
  for (const { line, language, role, text } of fencesOf(document)) {
    const where = `${file}:${line}`;
    if (role === "run") {
      if (language !== "sh" && language !== "js")
        throw new Error(`${where}: cannot run ${language}`);
      examples.push({ where, language, source: text, output: null });
    } else if (role === "output") {
      const example = examples.at(-1);
      if (!example || example.output) throw new Error(`${where}: nothing printed this`);
      example.output = { language, text };
    } else if (role !== "") {
      throw new Error(`${where}: '${role}' is neither run nor output`);
    }
  }
  return examples;
}

function fencesOf(document: string): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | null = null;
  for (const [index, line] of document.split("\n").entries()) {
    const mark = /^```(\w*) ?(.*)$/.exec(line);
    if (mark && open) {
      fences.push(open);
      open = null;
    } else if (mark) {
      open = { line: index + 1, language: mark[1] ?? "", role: mark[2] ?? "", text: "" };
    } else if (open) {
      open.text += `${line}\n`;
    }
  }
  return fences;
}
