import type { EventsReset, TaskEvent, TaskEventName } from "@orchestrator/contract";
import type { DropletDirectory, LoggedEvent } from "@orchestrator/queue";

/** One event as it goes over the wire; JSON has no line breaks, so that one `data` line carries it. */
export function eventBlock(id: string, name: TaskEventName, data: TaskEvent): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Moves a client's last event id on without an event, so that it resumes from there. */
export function positionBlock(id: string): string {
  return `id: ${id}\n\n`;
}

/** Tells a client that events are missing here: whoever keeps a list has to fetch it anew. */
export function resetBlock(id: string, data: EventsReset): string {
  return `id: ${id}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Writes each event of the stream once, however many clients it goes to. */
export function blockWriter(directory: DropletDirectory): (event: LoggedEvent) => string {
  const written = new WeakMap<LoggedEvent, string>();
  return (event) => {
    const known = written.get(event);
    if (known !== undefined) return known;
    const block = eventBlock(event.id, event.name, {
      task_id: event.taskId,
      status: event.status,
      droplet_name: directory.byName(event.dropletName)?.name ?? event.dropletName,
      trace_id: event.traceId,
      retry_count: event.retries,
      at: event.at / 1000,
    });
    written.set(event, block);
    return block;
  };
}
