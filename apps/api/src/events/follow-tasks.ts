import type { EventsQuery } from "@orchestrator/contract";
import { isAfter, type LoggedEvent } from "@orchestrator/queue";
import type { Response } from "express";
import { positionBlock, resetBlock } from "./event-block.ts";
import type { Followed } from "./follow-task.ts";

/** Entries of the stream read at a time while a client catches up. */
const CATCH_UP_MAX = 500;

export interface FollowedTasks extends Followed {
  write: (event: LoggedEvent) => string;
}

/**
 * Streams what happens to every task that matches, from now on or from the event after `lastEventId`.
 * @throws {Refusal} OVERLOADED, and Redis's own trouble
 */
export async function followTasks(
  filter: EventsQuery,
  lastEventId: string | null,
  response: Response,
  { store: { events }, streams, write, onError }: FollowedTasks,
): Promise<void> {
  const stream = streams.admit(response);
  const isWanted = matcher(filter);
  let position = lastEventId ?? "";
  let isLive = false;

  /** Past what does not match too: it need not be read again. */
  function tell(found: readonly LoggedEvent[]): void {
    const news = found.filter(({ id }) => isAfter(id, position));
    position = news.at(-1)?.id ?? position;
    stream.send(news.filter(isWanted).map(write).join(""));
  }

  const following = await events.follow((found) => {
    if (isLive) tell(found);
  });
  stream.onClose(() => following.stop());
  if (lastEventId === null) position = following.position;
  const isGap = lastEventId !== null && !(await events.log.reachesBackTo(lastEventId));
  if (isGap) position = following.position;

  stream.begin(() => stream.send(positionBlock(position)));
  if (isGap) stream.send(resetBlock(position, { reason: "events after your last one are gone" }));
  else stream.send(positionBlock(position));

  try {
    while (stream.isOpen && isAfter(following.position, position)) {
      const missed = await events.log.after(position, CATCH_UP_MAX);
      tell(missed);
      // What the feed has told of and the stream no longer holds cannot be caught up with.
      if (missed.length === 0) position = following.position;
      await stream.untilDrained();
    }
    // Nothing can come in between: what the feed hands on next is after this position.
    isLive = true;
  } catch (error) {
    onError(error);
    stream.close();
  }
}

function matcher(filter: EventsQuery): (event: LoggedEvent) => boolean {
  const droplet = filter.droplet_name?.toLowerCase();
  const { status, requested_by, trace_id } = filter;
  return (event) =>
    (status === undefined || event.status === status) &&
    (droplet === undefined || event.dropletName === droplet) &&
    (requested_by === undefined || event.requestedBy === requested_by) &&
    (trace_id === undefined || event.traceId === trace_id);
}
