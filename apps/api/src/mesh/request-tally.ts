import type { NextFunction, Request, Response } from "express";

const MINUTE_S = 60;
const HOUR_S = 3600;

/** How many of something happened lately, in a ring of slots: nothing is kept per event. */
class SlidingCount {
  readonly #slotS: number;
  readonly #counts: number[];
  /** Which slot of all time each count belongs to. */
  readonly #slots: number[];

  constructor(windowS: number, slotS: number) {
    this.#slotS = slotS;
    this.#counts = Array.from({ length: windowS / slotS }, () => 0);
    this.#slots = this.#counts.map(() => -1);
  }

  add(nowS: number): void {
    const slot = Math.floor(nowS / this.#slotS);
    const at = slot % this.#counts.length;
    this.#counts[at] = this.#slots[at] === slot ? (this.#counts[at] ?? 0) + 1 : 1;
    this.#slots[at] = slot;
  }

  /** Over the window that ends now, to within one slot. */
  total(nowS: number): number {
    const oldest = Math.floor(nowS / this.#slotS) - this.#counts.length;
    return this.#counts.reduce(
      (sum, count, at) => ((this.#slots[at] ?? -1) > oldest ? sum + count : sum),
      0,
    );
  }
}

export interface RequestCounts {
  /** Since this process started. */
  requestsTotal: number;
  requestsPerMinute: number;
  /** Answers of 500 and above. */
  errorsLastHour: number;
}

/** Counts the requests of this process as they are answered. */
export class RequestTally {
  #total = 0;
  readonly #lastMinute = new SlidingCount(MINUTE_S, 1);
  readonly #lastHourErrors = new SlidingCount(HOUR_S, MINUTE_S);
  readonly #nowS: () => number;

  /** @param nowS a clock that never goes back */
  constructor(nowS: () => number = () => performance.now() / 1000) {
    this.#nowS = nowS;
  }

  note(status: number): void {
    const nowS = this.#nowS();
    this.#total += 1;
    this.#lastMinute.add(nowS);
    if (status >= 500) this.#lastHourErrors.add(nowS);
  }

  read(): RequestCounts {
    const nowS = this.#nowS();
    return {
      requestsTotal: this.#total,
      requestsPerMinute: this.#lastMinute.total(nowS),
      errorsLastHour: this.#lastHourErrors.total(nowS),
    };
  }

  /** To be used before everything that answers. */
  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    response.on("close", () => this.note(response.statusCode));
    next();
  };
}
