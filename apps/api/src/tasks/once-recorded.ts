import { setTimeout } from "node:timers/promises";

/** A task whose caller waits is on record within a fourth of this: `submit-task.ts` or its worker see to it. */
const RECORDED_WITHIN_MS = 100;

/**
 * What the record of a task tells, looked at once more when there is none yet: a droplet that is called with the id of a
 * task may ask for it before anybody else could.
 */
export async function onceRecorded<Found>(
  look: () => Promise<Found>,
  isMissing: (found: Found) => boolean,
): Promise<Found> {
  const found = await look();
  if (!isMissing(found)) return found;
  await setTimeout(RECORDED_WITHIN_MS);
  return await look();
}
