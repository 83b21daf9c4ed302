import type { HeldJob, Look, MovedOn } from "../dispatch/job-requests.ts";
import { NOT_PLAIN, type Taken } from "../dispatch/job-moves.ts";
import { historyValues, type HistoryEntry, type TaskHistory } from "../history/task-history.ts";
import { endAtOnceValues, REVISION_AT_ONCE, type EndAtOnce } from "../records/end-at-once.ts";
import type { TaskRecords } from "../records/task-records.ts";
import { inParts } from "../redis/in-parts.ts";
import type { Keys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { TurnBatch } from "../redis/turn-batch.ts";
import { goOn, type GoneOn } from "./go-on-script.ts";
import { NOT_LISTED } from "./transition-scripts.ts";

interface End {
  ending: EndAtOnce;
  entry: HistoryEntry;
  job: HeldJob;
}

type Answer = { gone: GoneOn } | { taken: typeof NOT_PLAIN | Taken };

export interface JobTurnsParts {
  /** On which BullMQ moves jobs, so that its scripts and ours keep their order. */
  bullMqRedis: Redis;
  keys: Keys;
  records: TaskRecords;
  history: TaskHistory;
}

/**
 * What the consumers of a process ask of their queues: to complete jobs with the tasks that end, and to take others. All
 * that is asked for within a turn shares a script, whatever the queue. Not for a Redis Cluster.
 */
export class JobTurns {
  readonly #parts: JobTurnsParts;
  readonly #turns = new TurnBatch<End | Look, Answer>(
    async (all) => await inParts(all, async (part) => await this.#goOn(part)),
  );

  constructor(parts: JobTurnsParts) {
    this.#parts = parts;
  }

  /** As `endAtOnce`, and with it the job is completed. Not for what is followed up: that has to come before. */
  async endWithJob(
    ending: EndAtOnce,
    ended: Omit<HistoryEntry, "revision">,
    job: HeldJob,
  ): Promise<MovedOn> {
    const entry = { ...ended, ran: { retries: 0 }, revision: REVISION_AT_ONCE.ended };
    const answer = await this.#turns.add({ ending, entry, job });
    if (!("gone" in answer)) throw new Error("an end was answered as a look");
    const [did, code, next] = answer.gone;
    if (did === NOT_LISTED) return { kind: "unmoved" };
    this.#parts.history.recorded(entry, did);
    if (code < 0) return { kind: "refused", code };
    if (next === undefined || next === NOT_PLAIN) return { kind: "completed", next: NOT_PLAIN };
    const [taken, nextDue] = next;
    const nextJob = taken === "" ? null : taken;
    return { kind: "completed", next: { job: nextJob, nextDueAt: Number(nextDue) } };
  }

  /** NOT_PLAIN for a queue that only BullMQ's own script knows how to take from; in a Cluster that is every one. */
  async take(look: Look): Promise<typeof NOT_PLAIN | Taken> {
    if (this.#parts.bullMqRedis.isCluster) return NOT_PLAIN;
    const answer = await this.#turns.add(look);
    if (!("taken" in answer)) throw new Error("a look was answered as an end");
    return answer.taken;
  }

  async #goOn(all: readonly (End | Look)[]): Promise<Answer[]> {
    const { bullMqRedis, keys, records } = this.#parts;
    const ends = all.filter((one) => "job" in one);
    const looks = all.filter((one) => "queue" in one);
    const lockMs = ends[0]?.job.lockMs ?? looks[0]?.lockMs ?? 0;
    const names = [keys.all];
    const values: (string | number)[] = [Date.now(), lockMs, ends.length];
    for (const { ending, entry, job } of ends) {
      names.push(job.queue, ...records.endKeys(ending.task.id));
      values.push(job.token, job.wantsNext ? "1" : "");
      values.push(...endAtOnceValues(ending, records.resultKeepMs), ...historyValues(entry));
    }
    for (const { queue, count, token, isThorough } of looks) {
      names.push(queue);
      values.push(count, token, isThorough ? "1" : "");
    }
    const [gone, taken] = await goOn(bullMqRedis, names, values);
    let [nextEnd, nextLook] = [0, 0];
    return all.map((one) =>
      "job" in one
        ? { gone: gone[nextEnd++] ?? [NOT_LISTED, 0] }
        : { taken: taken[nextLook++] ?? NOT_PLAIN },
    );
  }
}
