import { Refusal } from "../http/refusal.ts";

/** Wrong credentials one address may send before it has to pause. */
const FAILURES_MAX = 10;
const WINDOW_MS = 5 * 60_000;

/** Addresses remembered at once: whoever has more of them than this is not stopped by counting. */
const ADDRESSES_MAX = 10_000;

interface Failures {
  count: number;
  until: number;
}

/**
 * Slows down whoever guesses credentials: failures by address, in this process. Only failures count, so that
 * a caller with many requests on their way at once is not taken for a guesser.
 */
export class FailedSignIns {
  readonly #byAddress = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  note(address: string): void {
    const known = this.#current(address);
    if (known !== null) {
      known.count += 1;
      return;
    }
    // The oldest make room: a Map keeps the order in which they came.
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size >= ADDRESSES_MAX && oldest !== undefined)
      this.#byAddress.delete(oldest);
    this.#byAddress.set(address, { count: 1, until: this.#now() + WINDOW_MS });
  }

  /** @throws {Refusal} RATE_LIMITED to an address that has failed too often */
  assertFew(address: string): void {
    const known = this.#current(address);
    if (known === null || known.count < FAILURES_MAX) return;
    const details = { max: FAILURES_MAX, per_s: WINDOW_MS / 1000 };
    const retryAfterS = Math.max(1, Math.ceil((known.until - this.#now()) / 1000));
    throw new Refusal("RATE_LIMITED", "Too many failed sign-ins", details, { retryAfterS });
  }

  #current(address: string): Failures | null {
    const known = this.#byAddress.get(address);
    if (known === undefined) return null;
    if (known.until > this.#now()) return known;
    this.#byAddress.delete(address);
    return null;
  }
}
