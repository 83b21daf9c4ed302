import type { WatchedEvent } from "@orchestrator/client";
import { plainText } from "./terminal/plain-text.ts";

/** One step of a task on one line. */
export function describeEvent(event: WatchedEvent): string {
  if (event.event === "reset") return `events are missing here: ${event.data.reason}`;
  const { at, task_id, droplet_name, retry_count } = event.data;
  const time = new Date(at * 1000).toISOString();
  const retries = retry_count > 0 ? `  retry ${retry_count}` : "";
  return `${time}  ${task_id}  ${event.event.padEnd(9)}  ${plainText(droplet_name)}${retries}`;
}
