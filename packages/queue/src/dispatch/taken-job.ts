import { raw2NextJobData, type JobJson, type JobsOptions } from "bullmq";
import { ownJson } from "../redis/own-writing.ts";
import { JOB_NAME, type TakenJob } from "./job-moves.ts";

/** One that has neither ended nor failed before. */
type Fresh = Omit<JobJson, "failedReason" | "returnvalue">;

/** Tasks differ in few options: as many texts are kept read. */
const READ_MAX = 1000;
const read = new Map<string, JobsOptions>();

/** A job that was taken, as BullMQ's worker expects it from its backend. */
export function readTakenJob(taken: TakenJob, nowMs: number): unknown[] {
  const [id, data, options, created] = taken;
  if (Array.isArray(data)) return raw2NextJobData([data, id, 0, 0]);
  const opts = readOptions(options ?? "{}");
  const job: Fresh = {
    id,
    name: JOB_NAME,
    data,
    opts,
    progress: 0,
    delay: 0,
    priority: opts.priority ?? 0,
    timestamp: Number(created),
    processedOn: nowMs,
    attemptsStarted: 1,
    attemptsMade: 0,
    stalledCounter: 0,
  };
  return [job, id, 0, 0];
}

/** BullMQ copies what it is given before it changes it. */
function readOptions(text: string): JobsOptions {
  const known = read.get(text);
  if (known !== undefined) return known;
  const options = ownJson<JobsOptions>(text);
  if (read.size >= READ_MAX) read.clear();
  read.set(text, options);
  return options;
}
