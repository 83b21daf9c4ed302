import { createRedisBackend, type BackendFactory, type RedisQueueBackend } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { EndWithJob } from "./end-with-job.ts";
import { NOT_PLAIN, takeJob, type TakenJob } from "./job-moves.ts";
import { readTakenJob } from "./taken-job.ts";

/** What BullMQ answers when there is no job: when to look again (ms, 0 = when woken). */
type NoJob = [job: null, id: 0, rateLimitMs: 0, nextDelayedAt: number];

/** Jobs whose processor has left it to their completion to write down how their tasks ended. */
export type EndsWithJobs = WeakMap<object, EndWithJob>;

export interface LeanOptions {
  redis: Redis;
  ends: EndsWithJobs;
  /** How long a job that was taken is locked. */
  lockMs: number;
}

/**
 * BullMQ's own, but a job is taken by `takeJob`, and one whose task ends with it is completed by `endAndGoOn`. Both tell
 * whether anything is left: a consumer that took the only job learns it with the job, and goes back to waiting. BullMQ's
 * would look in vain twice more: once because it may take more jobs, once because of the marker that the job has set.
 */
export const leanBackend =
  (options: LeanOptions): BackendFactory<RedisQueueBackend> =>
  (name, opts, needs) => {
    const backend = createRedisBackend(name, opts, needs);
    // In a Cluster these scripts are of no use: what they tie together is in different slots.
    if (!options.redis.isCluster) moveLeanly(backend, options);
    return backend;
  };

function moveLeanly(backend: RedisQueueBackend, { redis, ends, lockMs }: LeanOptions): void {
  const queue = String(backend.keys[""]);
  const waitForJob = backend.waitForJob.bind(backend);
  const moveToActive = backend.moveToActive.bind(backend);
  const moveToCompleted = backend.moveToCompleted.bind(backend);
  /** Known with the last job that nothing is left, until somebody wakes us. */
  let nothingLeft: NoJob | null = null;

  backend.waitForJob = async (timeoutS) => {
    const woken = await waitForJob(timeoutS);
    nothingLeft = null;
    return woken;
  };

  backend.moveToActive = async (token, workerName) => {
    if (nothingLeft !== null) {
      const answer = nothingLeft;
      nothingLeft = null;
      return answer;
    }
    const taken = await takeJob(redis, [queue], [token, lockMs, Date.now()]);
    if (taken === NOT_PLAIN) return await moveToActive(token, workerName);
    const [job, isEmpty, nextDue] = taken;
    return given(job || null, isEmpty === "1", Number(nextDue));
  };

  backend.moveToCompleted = async (job, returnValue, keep, token, fetchNext) => {
    const nowMs = Date.now();
    const end = ends.get(job);
    const moved = await end?.({ queue, token, wantsNext: fetchNext, lockMs, nowMs });
    if (moved === undefined || moved.kind === "unmoved") {
      return await moveToCompleted(job, returnValue, keep, token, fetchNext);
    }
    if (moved.kind === "refused") throw refusedBy(backend, moved.code, job.id);
    const { isPlain, isEmpty, nextDueAt } = moved;
    if (fetchNext && !isPlain) {
      return { finishedOn: nowMs, result: await backend.moveToActive(token) };
    }
    const result = fetchNext ? given(moved.job, isEmpty, nextDueAt) : undefined;
    return { finishedOn: nowMs, result };
  };

  function given(job: TakenJob | null, isEmpty: boolean, nextDueAt: number): unknown[] {
    const none: NoJob = [null, 0, 0, nextDueAt];
    if (job === null) return none;
    if (isEmpty) nothingLeft = none;
    return readTakenJob(job, Date.now());
  }
}

/** As BullMQ says it of a job that another worker, or nobody, holds. */
function refusedBy(backend: RedisQueueBackend, code: number, jobId: string | undefined): Error {
  const where = { command: "moveToFinished", state: "active" };
  return backend.finishedErrors({ code, ...(jobId !== undefined && { jobId }), ...where });
}
