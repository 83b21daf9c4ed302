import { dropDuplicates, type DatedDroplet } from "./drop-duplicates.ts";
import type { Droplet } from "./droplet.ts";
import { findEntries } from "./find-entries.ts";
import { readEntry } from "./read-entry.ts";

/** Why one entry of the answer is not in the list, for the log. */
export interface SkippedEntry {
  where: string;
  reason: string;
}

export type NormalisedList =
  | { kind: "list"; droplets: Droplet[]; skipped: SkippedEntry[] }
  | { kind: "unusable"; reason: string };

/** A Registry full of rubbish must not write a log line per entry every minute. */
const SKIPPED_SHOWN_MAX = 100;

/**
 * Reads whatever a Registry answered as a list of droplets. One bad entry is skipped with its
 * reason; an answer that is empty, foreign or without a single good entry is `unusable` and must
 * never replace a good list. Never throws, whatever the JSON says; names in the list are unique
 * without regard to case, and there are at most `maxDroplets`, the first ones.
 */
export function normaliseDropletList(
  answer: unknown,
  { maxDroplets }: { maxDroplets: number },
): NormalisedList {
  const found = findEntries(answer);
  if (found.kind === "unusable") return found;

  const skipped: SkippedEntry[] = [];
  const readable: DatedDroplet[] = [];
  for (const { where, key, value } of found.entries) {
    const entry = readEntry(value, key);
    if (entry.kind === "skipped") skipped.push({ where, reason: entry.reason });
    else readable.push({ where, droplet: entry.droplet, updatedAtMs: entry.updatedAtMs });
  }
  if (readable.length === 0) return unusable(skipped);

  const { kept, dropped } = dropDuplicates(readable);
  for (const { where } of dropped) {
    skipped.push({ where, reason: "another entry with the same name is newer or stands later" });
  }
  const beyond = kept.splice(maxDroplets);
  if (beyond[0] !== undefined) {
    const reason = `from here on ${beyond.length} are beyond the limit of ${maxDroplets}`;
    skipped.unshift({ where: beyond[0].where, reason });
  }
  return { kind: "list", droplets: kept.map(({ droplet }) => droplet), skipped: cut(skipped) };
}

function unusable(skipped: readonly SkippedEntry[]): NormalisedList {
  const [first] = skipped.map(({ where, reason }) => `${where}: ${reason}`);
  return { kind: "unusable", reason: `none of its ${skipped.length} entries is usable; ${first}` };
}

function cut(skipped: readonly SkippedEntry[]): SkippedEntry[] {
  const more = skipped.length - SKIPPED_SHOWN_MAX;
  if (more <= 0) return [...skipped];
  return [...skipped.slice(0, SKIPPED_SHOWN_MAX), { where: "…", reason: `${more} more skipped` }];
}
