import type { TaskRecord } from "@orchestrator/contract";
import type { Task } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { claimKey, markClaim, releaseClaim } from "./claim-scripts.ts";

/** A claim whose task never ends is longer than any delay: 31 days. */
const UNENDED_LIFE_MS = 31 * 24 * 3_600_000;

/** After its task has ended a claim answers for another day, whatever the history keeps. */
const ENDED_LIFE_MS = 24 * 3_600_000;

/** What of a task its first request alone decides. */
export type ClaimedTask = Pick<Task, "id" | "traceId" | "traceparent">;

export type ClaimVerdict =
  /** The key is ours: add the task under the id we proposed. */
  | { kind: "claimed" }
  /** The key stands for this task already. */
  | { kind: "known"; task: ClaimedTask; isAccepted: boolean; end: TaskRecord | null }
  /** The key stands for another request. */
  | { kind: "mismatch"; taskId: string };

/** Which task each Idempotency-Key stands for. A claim is named by a hash of the caller and the key. */
export class TaskClaims {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** Atomic: of any number of callers exactly one gets `claimed`. */
  async claim(name: string, task: ClaimedTask, fingerprint: string): Promise<ClaimVerdict> {
    const { id, traceId, traceparent } = task;
    const keys = [this.#keys.claim(name)];
    const args = [id, fingerprint, UNENDED_LIFE_MS, JSON.stringify({ traceId, traceparent })];
    const [kind, holder, accepted, end, trace] = await claimKey(this.#redis, keys, args);
    switch (kind) {
      case "claimed":
        return { kind };
      case "mismatch":
        return { kind, taskId: holder };
      case "known":
        return knownClaim(holder, accepted, end, trace);
    }
  }

  /** What the key stands for, null when nobody has used it; claims nothing. */
  async find(name: string, fingerprint: string): Promise<ClaimVerdict | null> {
    const found = await this.#redis.hmget(this.#keys.claim(name), "t", "f", "a", "e", "c");
    const [holder, print, accepted, end, trace] = found.map((field) => field ?? "");
    if (!holder) return null;
    if (print !== fingerprint) return { kind: "mismatch", taskId: holder };
    return knownClaim(holder, accepted, end, trace);
  }

  /** The task has a record: from now on nobody repeats the add. */
  async accept(name: string, taskId: string): Promise<void> {
    await markClaim(this.#redis, [this.#keys.claim(name)], [taskId, "a", "1", ""]);
  }

  /** The request was refused after all: the key is free again. */
  async release(name: string, taskId: string): Promise<void> {
    await releaseClaim(this.#redis, [this.#keys.claim(name)], [taskId, ""]);
  }

  /** The task was accepted and taken back: the key is free again. */
  async forget(name: string, taskId: string): Promise<void> {
    await releaseClaim(this.#redis, [this.#keys.claim(name)], [taskId, "1"]);
  }

  /** The task ended: its status, numbers and error answer for as long as the claim lives. */
  async settle(name: string, record: TaskRecord): Promise<void> {
    const summary: TaskRecord = { ...record, response_body: null, attempts: [] };
    const args = [record.id, "e", JSON.stringify(summary), ENDED_LIFE_MS];
    await markClaim(this.#redis, [this.#keys.claim(name)], args);
  }
}

function knownClaim(holder: string, accepted = "", end = "", trace = ""): ClaimVerdict {
  return {
    kind: "known",
    task: { ...ownJson<Omit<ClaimedTask, "id">>(trace), id: holder },
    isAccepted: accepted === "1",
    end: end === "" ? null : ownJson<TaskRecord>(end),
  };
}
