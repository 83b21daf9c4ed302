import type { JobData } from "../dispatch/job-data.ts";
import type { Store } from "../open-store.ts";
import { readBusyDroplets } from "./busy-droplets.ts";

/** The newest failed jobs of a queue are looked at; older ones were in the rounds before. */
const LOOKED_AT = 50;

/**
 * Jobs that BullMQ failed although their task has not ended: it gave them up without asking us, and the worker
 * that was told of it died before it could end the task.
 */
export async function findGivenUpJobs(store: Store): Promise<JobData[]> {
  const { redis, keys, ledger, queues } = store;
  const found: JobData[] = [];
  for (const droplet of await readBusyDroplets(redis, keys)) {
    const failed = `${keys.queue(droplet)}failed`;
    const ids = await redis.zrevrange(failed, 0, LOOKED_AT - 1);
    const ended = await Promise.all(ids.map(async (id) => await ledger.records.isEnded(id)));
    for (const id of ids.filter((_, position) => ended[position] === false)) {
      const job = await queues.find(droplet, id);
      // A record that is gone has ended long ago.
      if (job !== null && (await ledger.records.read(id)) !== null) found.push(job);
    }
  }
  return found;
}
