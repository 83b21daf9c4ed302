import { contractAnswer } from "./contract-answer.ts";
import type { EventsReset, TaskEvent, TaskRecord } from "./contract/tasks.ts";
import { readAnswer } from "./read-answer.ts";
import { readEventStream, type EventBlock } from "./read-event-stream.ts";
import { sleep } from "./sleep.ts";
import type { Transport } from "./transport.ts";

/** The service sends a comment every 15 s: after three that did not come the connection is dead. */
const SILENCE_MS_MAX = 50_000;

/** The service's own wish, until it has said another. */
const RECONNECT_AFTER_MS = 2000;

/** A state a task has come to; `retrying` is queued again after an attempt. */
export interface TaskStep {
  /** Where to resume after it. */
  id: string;
  event: TaskRecord["status"] | "retrying";
  data: TaskEvent;
}

/** What came between is no longer known: whoever keeps a list has to fetch it anew. */
export interface EventsLost {
  id: string;
  event: "reset";
  data: EventsReset;
}

export type WatchedEvent = TaskStep | EventsLost;

export interface WatchOptions {
  /** Goes on after this event. */
  lastEventId?: string;
  signal?: AbortSignal;
}

const ENDS = new Set(["success", "error", "timeout", "cancelled"]);

/**
 * Follows a stream over broken connections and restarts of the service: each time from the last event it has seen.
 * @param endsWithTask stops after the event that ends the task, for the stream of one task
 * @throws {RefusedError | UnreachableError | UnexpectedAnswerError} when it cannot be resumed in `retryForMs`
 */
export async function* watchEvents(
  transport: Transport,
  path: string,
  query: object,
  { lastEventId = "", signal, endsWithTask }: WatchOptions & { endsWithTask: boolean },
): AsyncGenerator<WatchedEvent> {
  let position = lastEventId;
  let reconnectAfterMs = RECONNECT_AFTER_MS;
  for (;;) {
    const body = await connect(transport, path, query, position, signal);
    if (body === null) return;
    try {
      for await (const block of readEventStream(body, SILENCE_MS_MAX)) {
        reconnectAfterMs = block.retryMs ?? reconnectAfterMs;
        position = block.id || position;
        const event = eventOf(block);
        if (event === null) continue;
        yield event;
        if (endsWithTask && ENDS.has(event.event)) return;
      }
    } catch {
      // The connection broke: that is what resuming is for. Only our own caller may stop us.
    }
    signal?.throwIfAborted();
    await sleep(Math.random() * reconnectAfterMs, signal);
  }
}

/** Null when the service says that there is nothing more to come. */
async function connect(
  transport: Transport,
  path: string,
  query: object,
  lastEventId: string,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array> | null> {
  const headers = {
    accept: "text/event-stream",
    ...(lastEventId !== "" && { "last-event-id": lastEventId }),
  };
  return await transport.repeatedly("safe", signal, async () => {
    const call = { method: "GET", path, query, headers, repeatability: "safe", signal } as const;
    const response = await transport.open(call, signal);
    if (response.status === 204) return null;
    if (response.ok && response.body !== null) return response.body;
    await readAnswer(response);
    return null;
  });
}

function eventOf({ id, event, data }: EventBlock): WatchedEvent | null {
  if (data === null) return null;
  return contractAnswer<WatchedEvent>({ id, event, data: JSON.parse(data) as unknown });
}
