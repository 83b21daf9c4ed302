import { setImmediate as nextTurn } from "node:timers/promises";

interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

/** A batch that takes longer holds up no other: what it waits for may be one server's, or one queue's, trouble. */
const HOLDS_UP_MS = 100;

/**
 * After a batch the next one is collected for so many turns of the event loop: those who were just answered ask again,
 * and batches stay large. Without it two halves of the callers may take turns, and every script does half as much.
 */
const TURNS_BETWEEN = 4;

/**
 * Collects what is asked for within one turn of the event loop, or while the batch before is under way, and does it
 * together: callers who come at the same moment share one round trip. One who comes alone waits for nobody.
 */
export class TurnBatch<Item, Answer = null> {
  readonly #run: (items: Item[]) => Promise<readonly (Answer | Error)[]>;
  #waiting: Waiting<Item, Answer>[] = [];
  #isUnderWay = false;

  /** @param run does all of it; answers for each item, in order, what came of it or what went wrong */
  constructor(run: (items: Item[]) => Promise<readonly (Answer | Error)[]>) {
    this.#run = run;
  }

  /** Resolves when this item was done, and rejects only for what went wrong with it, or with all of its batch. */
  async add(item: Item): Promise<Answer> {
    return await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1 && !this.#isUnderWay) setImmediate(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await doneOrSlow(this.#together(batch));
      for (let turn = 0; turn < TURNS_BETWEEN && this.#waiting.length > 0; turn++) await nextTurn();
    }
    this.#isUnderWay = false;
  }

  async #together(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#run(batch.map(({ item }) => item));
      for (const [position, { resolve, reject }] of batch.entries()) {
        const answer = answers[position];
        if (answer instanceof Error) reject(answer);
        else if (answer === undefined) reject(new Error("no answer for an item of the batch"));
        else resolve(answer);
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of batch) reject(reason);
    }
  }
}

async function doneOrSlow(work: Promise<void>): Promise<void> {
  const slow = Promise.withResolvers<void>();
  const timer = setTimeout(slow.resolve, HOLDS_UP_MS);
  await Promise.race([work, slow.promise]);
  clearTimeout(timer);
}
