import { UsageError } from "./usage-error.ts";

type Value = string | boolean | (string | boolean)[] | undefined;

/** The options of one command line, read with their bounds. @throws {UsageError} naming the option */
export class OptionValues {
  readonly #values: Record<string, Value>;

  constructor(values: Record<string, Value>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  isOn(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      throw new UsageError(`--${name} must be one of ${choices.join(", ")}, not '${value}'`);
    }
    return found;
  }

  /** A whole number. */
  count(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d{1,15}$/.test(value) || number < min || number > max) {
      throw new UsageError(
        `--${name} must be a whole number from ${min} to ${max}, not '${value}'`,
      );
    }
    return number;
  }

  /** `500ms`, `2s`, `1.5m`, `2h`, `1d`; a bare number is seconds. In ms. */
  durationMs(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(value);
    if (match === null) {
      throw new UsageError(
        `--${name} must be a time such as 500ms, 2s, 1.5m or 2h, not '${value}'`,
      );
    }
    return Math.round(Number(match[1]) * (MS_OF[match[2] ?? "s"] ?? 1));
  }

  /** A time: ISO 8601, epoch seconds, or a duration ago. In epoch seconds. */
  epochSeconds(name: string, nowMs: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d{9,11}(\.\d{1,6})?$/.test(value)) return Number(value);
    if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value))
      return (nowMs - (this.durationMs(name) ?? 0)) / 1000;
    const at = Date.parse(value);
    if (Number.isNaN(at)) {
      throw new UsageError(
        `--${name} must be a time such as 2026-01-31T12:00:00Z, 1767225600 or 2h (ago), not '${value}'`,
      );
    }
    return at / 1000;
  }
}

const MS_OF: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
