import { decideCircuit, isOpen, queueSettings, type Task } from "@orchestrator/core";
import type { DropletSwitchboard, WaiterTable } from "@orchestrator/queue";
import type { EventLoopLag } from "@orchestrator/runtime";
import { Refusal } from "../http/refusal.ts";
import type { QueueDepths } from "./queue-depths.ts";

/** Beyond this the process is so late that answering "later" at once serves everybody better. */
const LAG_MS_MAX = 1000;

const OVERLOAD_RETRY_AFTER_S = 1;
const PAUSED_RETRY_AFTER_S = 10;

export interface AdmissionOptions {
  switchboard: DropletSwitchboard;
  depths: QueueDepths;
  waiters: WaiterTable;
  waitersMax: number;
  queueDepthMax: number;
  lag: EventLoopLag;
}

/** Whether a task can be taken now: nothing is queued that was refused here. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** @throws {Refusal} OVERLOADED, CIRCUIT_OPEN, QUEUE_FULL, each with Retry-After */
  admit(task: Task, { whenOpen, waits }: { whenOpen: "queue" | "fail"; waits: boolean }): void {
    this.#refuseOverload(waits);
    if (whenOpen === "fail" && this.isCircuitOpen(task)) throw this.circuitOpen(task);
    const { depths, queueDepthMax } = this.#options;
    if (!depths.isFull(task.dropletName, queueDepthMax)) return;
    const depth = depths.of(task.dropletName);
    throw new Refusal(
      "QUEUE_FULL",
      `The queue of '${task.dropletName}' holds ${depth} tasks, its limit is ${queueDepthMax}`,
      { droplet_name: task.dropletName, depth, limit: queueDepthMax },
      { retryAfterS: depths.retryAfterS(task.dropletName, depth - queueDepthMax + 1) },
    );
  }

  /** In how many seconds a task of this droplet could start; 0 when nothing holds its queue up. */
  parkedForS(dropletName: string): number {
    const switches = this.#options.switchboard.of(dropletName);
    if (!queueSettings(switches).isPaused) return 0;
    const decision = decideCircuit(switches.circuit, Date.now());
    const retryInMs = decision.kind === "refuse" ? decision.retryInMs : 0;
    if (switches.isPausedByOperator || retryInMs === null) return PAUSED_RETRY_AFTER_S;
    return Math.max(1, Math.ceil(retryInMs / 1000));
  }

  /** Whether one more waiting caller would be one too many. */
  get isCrowded(): boolean {
    return this.#options.waiters.size >= this.#options.waitersMax;
  }

  /** What a caller hears who wants to wait while it is crowded. */
  crowded(): Refusal {
    const { waitersMax } = this.#options;
    return overloaded(`${waitersMax} callers are waiting already`, { waiters_max: waitersMax });
  }

  isCircuitOpen({ dropletName }: Task): boolean {
    return isOpen(this.#options.switchboard.of(dropletName).circuit);
  }

  /** What a caller hears who does not want to wait for an open circuit. */
  circuitOpen({ dropletName }: Task): Refusal {
    return new Refusal(
      "CIRCUIT_OPEN",
      `The circuit of '${dropletName}' is open: it fails too often`,
      { droplet_name: dropletName },
      { retryAfterS: Math.max(1, this.parkedForS(dropletName)) },
    );
  }

  /** @throws {Refusal} OVERLOADED */
  #refuseOverload(waits: boolean): void {
    if (waits && this.isCrowded) throw this.crowded();
    const { lag } = this.#options;
    const lagMs = Math.round(lag.p99Ms());
    if (lagMs > LAG_MS_MAX) {
      throw overloaded(`The process is ${lagMs} ms late`, {
        lag_ms: lagMs,
        lag_ms_max: LAG_MS_MAX,
      });
    }
  }
}

function overloaded(reason: string, details: Record<string, unknown>): Refusal {
  const options = { retryAfterS: OVERLOAD_RETRY_AFTER_S };
  return new Refusal("OVERLOADED", `${reason}; try again in a moment`, details, options);
}
