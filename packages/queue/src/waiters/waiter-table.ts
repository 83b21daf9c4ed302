import type { TaskRecord } from "@orchestrator/contract";
import { parseEndNotice } from "../records/end-notice.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";

/** What a waiter learns: the task ended, or its time is up. */
export type WaitResult = "ended" | "time_up" | "stopped";

export interface Waiter {
  result: Promise<WaitResult>;
  cancel: () => void;
  /** The record of the task that ended, when it came with the news; null when it has to be read. */
  ending: () => TaskRecord | null;
}

/** How often the table looks by itself, in case a message was lost. */
const SAFETY_POLL_MS = 2000;

type Settle = (result: WaitResult, ending?: () => TaskRecord | null) => void;

export interface WaiterTableOptions {
  subscriptions: Subscriptions;
  channel: string;
  /** Asks the record; used after a reconnect and by the slow poll. */
  isEnded: (taskId: string) => Promise<boolean>;
  onError: (error: unknown) => void;
}

/**
 * Everyone in this process who waits for a task to end, fed by one channel. Use in this order: `expect`, then
 * add the task or ask to be told, then check the record, then await: no end can slip through in between.
 */
export class WaiterTable {
  readonly #options: WaiterTableOptions;
  readonly #waiters = new Map<string, Set<Settle>>();
  readonly #poll: NodeJS.Timeout;
  #isPolling = false;
  #isClosed = false;

  constructor(options: WaiterTableOptions) {
    this.#options = options;
    this.#poll = setInterval(() => this.#lookAtRecords(), SAFETY_POLL_MS).unref();
    const { subscriptions, channel, onError } = options;
    subscriptions.onReconnect(() => this.#lookAtRecords());
    // Until Redis confirms, the slow poll is what tells waiters.
    const hear = (message: string): void => {
      const { taskId, record } = parseEndNotice(message);
      for (const settle of this.#waiters.get(taskId) ?? []) settle("ended", record);
    };
    subscriptions.listen(channel, hear).catch(onError);
  }

  /** How many callers wait. */
  get size(): number {
    let size = 0;
    for (const waiters of this.#waiters.values()) size += waiters.size;
    return size;
  }

  /** Starts to wait at once; the result comes within `ms` whatever happens to Redis. */
  expect(taskId: string, ms: number): Waiter {
    const { promise, resolve } = Promise.withResolvers<WaitResult>();
    const waiters = this.#waiters.get(taskId) ?? new Set();
    this.#waiters.set(taskId, waiters);
    let ending: (() => TaskRecord | null) | undefined;
    const settle: Settle = (result, record) => {
      ending = record;
      clearTimeout(timer);
      waiters.delete(settle);
      if (waiters.size === 0) this.#waiters.delete(taskId);
      resolve(result);
    };
    const timer = setTimeout(() => settle("time_up"), ms);
    waiters.add(settle);
    if (this.#isClosed) settle("stopped");
    return { result: promise, cancel: () => settle("stopped"), ending: () => ending?.() ?? null };
  }

  /** Lets every caller go, and holds no new one: for a process that stops. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    for (const taskId of this.#waiters.keys()) this.#settle(taskId, "stopped");
  }

  #settle(taskId: string, result: WaitResult): void {
    for (const settle of this.#waiters.get(taskId) ?? []) settle(result);
  }

  #lookAtRecords(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const looks = Array.from(this.#waiters.keys(), async (taskId) => {
      if (await this.#options.isEnded(taskId)) this.#settle(taskId, "ended");
    });
    Promise.all(looks)
      .catch(this.#options.onError)
      .finally(() => {
        this.#isPolling = false;
      });
  }
}
