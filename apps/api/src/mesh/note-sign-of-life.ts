import { Heartbeat, type DropletReference } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import { resolveDroplet } from "./resolve-droplet.ts";

/** Remembers that a droplet lives, under its listed name; one that is not listed (yet) under what it calls itself. */
export async function noteSignOfLife(
  sender: DropletReference,
  { status, metrics }: Pick<Heartbeat, "status" | "metrics">,
  { directory, heartbeats }: Store,
): Promise<void> {
  const droplet = resolveDroplet(sender, directory);
  const sign = { status: status ?? null, metrics: metrics ?? null };
  await heartbeats.note(droplet?.name ?? String(sender), sign);
}

/** What a `heartbeat` or `status` message says of its sender; anything else in it is still a sign of life. */
export function signIn(payload: unknown): Pick<Heartbeat, "status" | "metrics"> {
  const parsed = Heartbeat.safeParse(payload);
  return parsed.success ? parsed.data : {};
}
