import { EventsQuery, TaskEventsQuery } from "../../task-event.ts";
import type { Endpoint } from "../endpoint.ts";
import { TASK_ID, TRACE_ID } from "./specimens.ts";

function block(id: string, event: string, status: string, at: number): string {
  const data = {
    task_id: TASK_ID,
    status,
    droplet_name: "echo",
    trace_id: TRACE_ID,
    retry_count: 0,
    at,
  };
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

const DATA =
  "The events are `queued`, `running`, `retrying` (queued again after an attempt) and the four ends `success`, `error`, `timeout` and `cancelled`; the data of each is a `TaskEvent`. A comment comes every 15 s. A client that does not read is dropped, and may come back with Last-Event-ID.";

const stream = {
  description: "A stream of server-sent events.",
  content: { "text/event-stream": null },
};

const followTask: Endpoint = {
  method: "get",
  path: "/tasks/{id}/events",
  id: "followTask",
  tag: "events",
  summary: "Follow one task to its end",
  description: `The whole life of the task from its first event, also for who comes late; its end closes the stream. Nothing is missing, doubled or out of order. A client that reconnects after the end gets 204, which tells an EventSource to stop. ${DATA}`,
  scope: "read",
  query: TaskEventsQuery,
  headers: ["Last-Event-ID"],
  answers: { 200: stream, 204: { description: "The end has been told already." } },
  refusals: ["INVALID_REQUEST", "TASK_NOT_FOUND", "QUEUE_UNAVAILABLE", "OVERLOADED"],
  examples: {
    whole: {
      summary: "From its beginning",
      path: { id: TASK_ID },
      status: 200,
      answer: [
        "retry: 2000\n\n",
        block("1", "queued", "queued", 1_767_225_600),
        block("2", "running", "running", 1_767_225_600.02),
        block("end", "success", "success", 1_767_225_600.065),
      ].join(""),
    },
    resumed: {
      summary: "After the second event",
      path: { id: TASK_ID },
      headers: { "Last-Event-ID": "2" },
      status: 200,
      answer: `retry: 2000\n\n${block("end", "success", "success", 1_767_225_600.065)}`,
    },
  },
};

const followTasks: Endpoint = {
  method: "get",
  path: "/tasks/events",
  id: "followTasks",
  tag: "events",
  summary: "Follow every task that matches",
  description: `From now on, or from the event after Last-Event-ID. About the last 20,000 events can be resumed; a client that was away for longer gets the event \`reset\` (\`EventsReset\`) first, and has to fetch the list anew. A state that a later one of the same task overtook is left out; a task's last event is its end. ${DATA}`,
  scope: "read",
  query: EventsQuery,
  headers: ["Last-Event-ID"],
  answers: { 200: stream },
  refusals: ["INVALID_REQUEST", "QUEUE_UNAVAILABLE", "OVERLOADED"],
  examples: {
    filtered: {
      summary: "What one caller submits to one droplet",
      query: { droplet_name: "echo", requested_by: "billing" },
      status: 200,
      answer: [
        "retry: 2000\n\nid: 1767225600065-0\n\n",
        block("1767225601000-0", "queued", "queued", 1_767_225_601),
        block("1767225601020-0", "running", "running", 1_767_225_601.02),
      ].join(""),
    },
  },
};

export const eventEndpoints = [followTask, followTasks];
