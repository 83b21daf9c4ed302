import { makeStyle, type Style } from "./terminal/style.ts";

/** A stream to write to: stdout or stderr, or a test's own. */
export interface Sink {
  write: (text: string) => unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

export interface OutputOptions {
  stdout: Sink;
  stderr: Sink;
  isJson: boolean;
  /** NO_COLOR or --no-color. */
  isColourless: boolean;
}

/** What a command says: results on stdout, as JSON or for people, everything else on stderr. */
export class Output {
  readonly isJson: boolean;
  /** For what goes to stdout. */
  readonly style: Style;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly #errorStyle: Style;

  constructor({ stdout, stderr, isJson, isColourless }: OutputOptions) {
    this.isJson = isJson;
    this.stdout = stdout;
    this.stderr = stderr;
    this.style = makeStyle(!isColourless && !isJson && stdout.isTTY === true);
    this.#errorStyle = makeStyle(!isColourless && stderr.isTTY === true);
  }

  /** A result: the document itself with --json, else what a person reads. */
  result(document: unknown, words: (style: Style) => string): void {
    const text = this.isJson ? JSON.stringify(document) : words(this.style);
    if (text !== "") this.stdout.write(`${text}\n`);
  }

  /** Something a person wants to know and a script does not. */
  note(text: string): void {
    this.stderr.write(`${this.#errorStyle.dim(text)}\n`);
  }

  /** What went wrong; with --json the document is on stdout as well. */
  failure(document: unknown, words: string): void {
    if (this.isJson) this.stdout.write(`${JSON.stringify(document)}\n`);
    this.stderr.write(`${this.#errorStyle.red("orchestrator:")} ${words}\n`);
  }
}
