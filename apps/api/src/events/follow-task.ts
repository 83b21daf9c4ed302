import { isEnded } from "@orchestrator/contract";
import { storyOf, type Store } from "@orchestrator/queue";
import type { Response } from "express";
import { taskNotFound } from "../tasks/read-record.ts";
import { eventBlock } from "./event-block.ts";
import type { EventStreams } from "./event-streams.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** The id of a task's last event. The others are counted from 1. */
const END_ID = "end";

export interface Followed {
  store: Store;
  streams: EventStreams;
  onError: (error: unknown) => void;
}

/**
 * Streams the whole life of one task, from its first event (or the one after `lastEventId`) to its end, which
 * closes the stream. It is told from the record; the stream over all tasks only says when to look again. So
 * nothing is missing or out of order, for late clients too, and a slow look at every heartbeat makes up for a
 * message that never came.
 * @throws {Refusal} TASK_NOT_FOUND, OVERLOADED, and Redis's own trouble
 */
export async function followTask(
  taskId: string,
  lastEventId: string | null,
  response: Response,
  { store, streams, onError }: Followed,
): Promise<void> {
  const { records } = store.ledger;
  const found = await records.read(taskId);
  if (found === null) throw taskNotFound(taskId);
  if (lastEventId === END_ID && isEnded(found.status)) {
    // To an EventSource this is the word not to reconnect.
    response.status(204).end();
    return;
  }
  const stream = streams.admit(response);
  let told = Number(lastEventId ?? 0) || 0;

  const tellNews = oneAtATime(async () => {
    const stored = await records.read(taskId);
    const { steps, end } = stored ? storyOf(stored) : { steps: [], end: null };
    const news = steps.slice(told).map((step, n) => {
      return eventBlock(String(told + n + 1), step.name, step.data);
    });
    if (end !== null) news.push(eventBlock(END_ID, end.name, end.data));
    told = Math.max(told, steps.length);
    stream.send(news.join(""));
    if (end !== null || stored === null) stream.close();
  }, onError);

  const following = await store.events.follow((events) => {
    if (events.some((event) => event.taskId === taskId)) tellNews();
  });
  stream.onClose(() => following.stop());
  stream.begin(tellNews);
  tellNews();
}
