import type { Claim, DeliveryStore, GivenAnswer } from "./delivery-store.ts";

export interface MemoryDeliveryStoreOptions {
  /** Answers kept; the oldest go first. 10,000 unless given. */
  answersMax?: number;
  /** Characters of bodies kept, over all answers; 64 Mi unless given. */
  charactersMax?: number;
  /** How long an answer is kept, in ms; one hour unless given. */
  keepMs?: number;
}

interface Held {
  until: number;
  finished: Promise<GivenAnswer | null>;
  resolve: (answer: GivenAnswer | null) => void;
}

const ANSWERS_MAX = 10_000;
const CHARACTERS_MAX = 64 * 1024 * 1024;
const KEEP_MS = 3_600_000;

/** Deliveries of this process, bounded in number, size and time. A restart forgets them. */
export class MemoryDeliveryStore implements DeliveryStore {
  readonly #running = new Map<string, Held>();
  /** In the order in which they were given. */
  readonly #answers = new Map<string, { answer: GivenAnswer; until: number }>();
  readonly #limits: Required<MemoryDeliveryStoreOptions>;
  #characters = 0;

  constructor(options: MemoryDeliveryStoreOptions = {}) {
    this.#limits = {
      answersMax: ANSWERS_MAX,
      charactersMax: CHARACTERS_MAX,
      keepMs: KEEP_MS,
      ...options,
    };
  }

  get size(): number {
    return this.#answers.size;
  }

  claim(key: string, holdMs: number): Claim {
    const now = Date.now();
    this.#dropOld(now);
    const known = this.#answers.get(key);
    if (known !== undefined) return { kind: "answered", answer: known.answer };
    const held = this.#running.get(key);
    if (held !== undefined && held.until > now) {
      return { kind: "running", finished: held.finished };
    }
    let resolve: Held["resolve"] = nobodyWaits;
    const finished = new Promise<GivenAnswer | null>((settle) => {
      resolve = settle;
    });
    this.#running.set(key, { until: now + holdMs, finished, resolve });
    held?.resolve(null);
    return { kind: "first" };
  }

  finish(key: string, answer: GivenAnswer): void {
    this.#forget(key);
    this.#answers.set(key, { answer, until: Date.now() + this.#limits.keepMs });
    this.#characters += answer.body.length;
    this.#letGo(key, answer);
    this.#dropOld(Date.now());
  }

  release(key: string): void {
    this.#letGo(key, null);
  }

  #letGo(key: string, answer: GivenAnswer | null): void {
    this.#running.get(key)?.resolve(answer);
    this.#running.delete(key);
  }

  #dropOld(now: number): void {
    const { answersMax, charactersMax } = this.#limits;
    for (const [key, { until }] of this.#answers) {
      const isTooMuch = this.#answers.size > answersMax || this.#characters > charactersMax;
      if (until > now && !isTooMuch) break;
      this.#forget(key);
    }
    for (const [key, held] of this.#running) {
      if (held.until > now) break;
      this.#letGo(key, null);
    }
  }

  #forget(key: string): void {
    this.#characters -= this.#answers.get(key)?.answer.body.length ?? 0;
    this.#answers.delete(key);
  }
}

function nobodyWaits(): void {}
