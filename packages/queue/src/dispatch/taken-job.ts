import { raw2NextJobData, type JobJson, type JobsOptions } from "bullmq";
import { ownJson, ownWriting } from "../redis/own-writing.ts";
import { JOB_NAME, type TakenJob } from "./job-moves.ts";

/** Tasks differ in few options: as many texts are kept read. */
const READ_MAX = 1000;
const read = new Map<string, JobsOptions>();

/** A job that was taken, as BullMQ describes it, and its id. */
export function readTakenJob(taken: TakenJob, processedOn: number): [job: JobJson, id: string] {
  const [id, data, options, created] = taken;
  if (Array.isArray(data)) {
    const [job] = ownWriting<[JobJson]>(raw2NextJobData([data, id]));
    return [job, id];
  }
  const opts = readOptions(options ?? "{}");
  // Neither ended nor failed before.
  const job: Omit<JobJson, "failedReason" | "returnvalue"> = {
    id,
    name: JOB_NAME,
    data,
    opts,
    progress: 0,
    delay: 0,
    priority: opts.priority ?? 0,
    timestamp: Number(created),
    processedOn,
    attemptsStarted: 1,
    attemptsMade: 0,
    stalledCounter: 0,
  };
  return [ownWriting<JobJson>(job), id];
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
