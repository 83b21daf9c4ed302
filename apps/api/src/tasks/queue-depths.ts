import { dropletKey } from "@orchestrator/core";
import type { DispatchQueues } from "@orchestrator/queue";

/** A count older than this is taken again, in the background. */
const FRESH_MS = 500;

/** So long a count is good enough for a limit that is more than this many times the depth. */
const FAR_FRESH_MS = 2000;
const FAR = 4;

/** With one that is, those older than this that were asked for since are taken, too: one question for all. */
const TOGETHER_MS = 250;

/** A count older than this says nothing about the queue of now. */
const STALE_MS = 1000;

/** A Retry-After is never promised further ahead than this. */
const RETRY_AFTER_S_MAX = 300;

interface Depth {
  countedAt: number;
  waiting: number;
  /** Added by this process since it was counted. */
  added: number;
  /** How fast the queue shrank between the last two counts; 0 when it did not. */
  drainedPerS: number;
  isCounting: boolean;
  /** Since it was counted. */
  wasAsked: boolean;
}

const UNCOUNTED: Depth = {
  countedAt: 0,
  waiting: 0,
  added: 0,
  drainedPerS: 0,
  isCounting: false,
  wasAsked: false,
};

/** How deep each droplet's queue is, near enough for a limit and without asking Redis for every task. */
export class QueueDepths {
  readonly #queues: Pick<DispatchQueues, "waiting">;
  readonly #onError: (error: unknown) => void;
  readonly #depths = new Map<string, Depth>();

  constructor(queues: Pick<DispatchQueues, "waiting">, onError: (error: unknown) => void) {
    this.#queues = queues;
    this.#onError = onError;
  }

  /** The depth as far as it is known; asking for it keeps it fresh. */
  of(dropletName: string): number {
    return depthOf(this.#fresh(dropletName, FRESH_MS));
  }

  /**
   * Whether a count found the queue full. What was only added up may have run long ago: it brings the next count
   * forward, and until that is there (milliseconds) a few tasks too many may come in.
   */
  isFull(dropletName: string, depthMax: number): boolean {
    const isFar = FAR * depthOf(this.#depth(dropletName)) < depthMax;
    const depth = this.#fresh(dropletName, isFar ? FAR_FRESH_MS : FRESH_MS);
    if (depthOf(depth) < depthMax) return false;
    const isCounted = depth.waiting >= depthMax && Date.now() - depth.countedAt <= STALE_MS;
    if (!isCounted) this.#startCount(depth);
    return isCounted;
  }

  added(dropletName: string, tasks = 1): void {
    this.#depth(dropletName).added += tasks;
  }

  /** When about `surplus` tasks will have left the queue, in whole seconds. */
  retryAfterS(dropletName: string, surplus: number): number {
    const { drainedPerS } = this.#depth(dropletName);
    const seconds = drainedPerS > 0 ? Math.ceil(surplus / drainedPerS) : RETRY_AFTER_S_MAX / 10;
    return Math.min(Math.max(1, seconds), RETRY_AFTER_S_MAX);
  }

  /** How long a task that is added now would wait, in ms; null when nobody can tell. */
  expectedWaitMs(dropletName: string): number | null {
    const depth = this.of(dropletName);
    if (depth === 0) return 0;
    const { drainedPerS } = this.#depth(dropletName);
    return drainedPerS > 0 ? Math.round((depth / drainedPerS) * 1000) : null;
  }

  /** As it was last counted; counted anew if that was longer ago. */
  #fresh(dropletName: string, freshMs: number): Depth {
    const depth = this.#depth(dropletName);
    depth.wasAsked = true;
    if (Date.now() - depth.countedAt > freshMs) this.#startCount(depth);
    return depth;
  }

  /** @param due to be counted in any case */
  #startCount(due: Depth): void {
    if (due.isCounting) return;
    const oldest = Date.now() - TOGETHER_MS;
    const counted = Array.from(this.#depths).filter(([, depth]) => {
      return depth === due || (depth.wasAsked && !depth.isCounting && depth.countedAt < oldest);
    });
    for (const [, depth] of counted) depth.isCounting = true;
    this.#count(counted)
      .catch(this.#onError)
      .finally(() => {
        for (const [, depth] of counted) depth.isCounting = false;
      });
  }

  async #count(counted: readonly [name: string, Depth][]): Promise<void> {
    const found = await this.#queues.waiting(counted.map(([name]) => name));
    const nowMs = Date.now();
    for (const [at, [, depth]] of counted.entries()) {
      const waiting = found[at] ?? 0;
      const seconds = (nowMs - depth.countedAt) / 1000;
      const left = depth.waiting + depth.added - waiting;
      depth.drainedPerS = depth.countedAt === 0 ? 0 : Math.max(0, left / seconds);
      depth.waiting = waiting;
      // What was added meanwhile may be in the count already: counted twice it would refuse where there is room.
      depth.added = 0;
      depth.countedAt = nowMs;
      depth.wasAsked = false;
    }
  }

  #depth(dropletName: string): Depth {
    const name = dropletKey(dropletName);
    const known = this.#depths.get(name);
    if (known) return known;
    const depth: Depth = { ...UNCOUNTED };
    this.#depths.set(name, depth);
    return depth;
  }
}

function depthOf({ waiting, added }: Depth): number {
  return waiting + added;
}
