import type { TaskRecord, TaskStatus } from "@orchestrator/contract";
import { isEnded } from "@orchestrator/contract";
import { parseEndNotice } from "../records/end-notice.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";

/**
 * What a waiter learns: the task ended, its time is up, the process stops, or the task is queued behind something
 * that will not move in time (a pause, an open circuit).
 */
export type WaitResult = "ended" | "time_up" | "stopped" | "parked";

/** How often the table looks by itself at all tasks, in case a message was lost. */
const SAFETY_POLL_MS = 2000;

/** How often it looks at tasks of parked droplets: a retry may come to lie there long after the circuit opened. */
const PARKED_POLL_MS = 500;

export interface WaiterTableOptions {
  subscriptions: Subscriptions;
  channel: string;
  /** Asks the record, null when there is none; used after a reconnect and by the slow poll. */
  statusOf: (taskId: string) => Promise<TaskStatus | null>;
  /** Whether nothing of this droplet's queue is taken for now; read from memory. */
  isParked: (dropletName: string) => boolean;
  onError: (error: unknown) => void;
}

export interface Waiter {
  result: Promise<WaitResult>;
  cancel: () => void;
  /** The record of the task that ended, when it came with the news; null when it has to be read. */
  ending: () => TaskRecord | null;
}

interface WaitedFor {
  /** Whose queue the task is in; null for waiters who want its end, however long the queue stands still. */
  dropletName: string | null;
  settle: (result: WaitResult, ending?: () => TaskRecord | null) => void;
}

/**
 * Everyone in this process who waits for a task to end, fed by one channel. Use in this order: `expect`, then
 * add the task or ask to be told, then check the record, then await: no end can slip through in between.
 */
export class WaiterTable {
  readonly #options: WaiterTableOptions;
  readonly #waiters = new Map<string, Set<WaitedFor>>();
  readonly #polls: NodeJS.Timeout[];
  #size = 0;
  #isPolling = false;
  #isClosed = false;

  constructor(options: WaiterTableOptions) {
    this.#options = options;
    this.#polls = [
      setInterval(() => this.#lookAtRecords(), SAFETY_POLL_MS).unref(),
      setInterval(() => this.lookAtParked(), PARKED_POLL_MS).unref(),
    ];
    const { subscriptions, channel, onError } = options;
    subscriptions.onReconnect(() => this.#lookAtRecords());
    // Until Redis confirms, the slow poll is what tells waiters.
    const hear = (message: string): void => {
      const { taskId, record } = parseEndNotice(message);
      for (const { settle } of this.#waiters.get(taskId) ?? []) settle("ended", record);
    };
    subscriptions.listen(channel, hear).catch(onError);
  }

  /** How many callers wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Starts to wait at once; the result comes within `ms` whatever happens to Redis.
   * @param dropletName given by who wants to be let go as `parked` once the task is stuck in this droplet's queue
   */
  expect(taskId: string, ms: number, dropletName: string | null = null): Waiter {
    const { promise, resolve } = Promise.withResolvers<WaitResult>();
    const waiters = this.#waiters.get(taskId) ?? new Set();
    this.#waiters.set(taskId, waiters);
    let ending: (() => TaskRecord | null) | undefined;
    const settle: WaitedFor["settle"] = (result, record) => {
      clearTimeout(timer);
      if (!waiters.delete(waiter)) return;
      ending = record;
      this.#size--;
      if (waiters.size === 0) this.#waiters.delete(taskId);
      resolve(result);
    };
    const timer = setTimeout(() => settle("time_up"), ms);
    const waiter = { dropletName, settle };
    waiters.add(waiter);
    this.#size++;
    if (this.#isClosed) settle("stopped");
    return { result: promise, cancel: () => settle("stopped"), ending: () => ending?.() ?? null };
  }

  /** Lets those go whose task is queued at a droplet that is parked; to be called when one came to be. */
  lookAtParked(): void {
    const { isParked, onError } = this.#options;
    const parked = Array.from(this.#waiters).filter(([, waiters]) =>
      Array.from(waiters).some(({ dropletName }) => dropletName !== null && isParked(dropletName)),
    );
    for (const [taskId] of parked) this.#look(taskId).catch(onError);
  }

  /** Lets every caller go, and holds no new one: for a process that stops. */
  close(): void {
    this.#isClosed = true;
    for (const poll of this.#polls) clearInterval(poll);
    for (const taskId of this.#waiters.keys()) this.#settle(taskId, "stopped");
  }

  #settle(taskId: string, result: WaitResult): void {
    for (const { settle } of this.#waiters.get(taskId) ?? []) settle(result);
  }

  #lookAtRecords(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const looks = Array.from(this.#waiters.keys(), async (taskId) => await this.#look(taskId));
    Promise.all(looks)
      .catch(this.#options.onError)
      .finally(() => {
        this.#isPolling = false;
      });
  }

  async #look(taskId: string): Promise<void> {
    const { statusOf, isParked } = this.#options;
    const status = await statusOf(taskId);
    if (status !== null && isEnded(status)) this.#settle(taskId, "ended");
    // One that runs may still end in time; without a record it is not known to be queued yet.
    if (status !== "queued") return;
    for (const { dropletName, settle } of this.#waiters.get(taskId) ?? []) {
      if (dropletName !== null && isParked(dropletName)) settle("parked");
    }
  }
}
