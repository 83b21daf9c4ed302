import { z } from "zod";
import { json, type Endpoint } from "../endpoint.ts";
import { WaitText } from "./wait-text.ts";
import { ACCEPTED, RESULT, TASK_ID } from "./specimens.ts";

const NEW_TASK_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const wait = WaitText.optional().describe("As for POST /tasks, but the default is not to wait.");

const submitBatch: Endpoint = {
  method: "post",
  path: "/tasks/batch",
  id: "submitBatch",
  tag: "many tasks",
  summary: "Submit up to 1,000 tasks",
  description:
    "Each is checked for itself: one that is refused does not hold up the others, and its error stands in its place, that Redis or a full queue could not take it included. When Redis took none, the whole batch is refused with 503, and `details.task_ids` names those it may have taken all the same. Never waits.",
  scope: "submit",
  headers: ["traceparent", "X-Trace-ID", "X-Orchestrator-Hops"],
  body: "BatchRequest",
  answers: { 202: json("BatchAnswer", "What became of each, in order.") },
  refusals: ["QUEUE_UNAVAILABLE", "LOOP_DETECTED"],
  examples: {
    two: {
      summary: "One that is taken, one that is not",
      body: {
        tasks: [
          { droplet_name: "echo", path: "/orders" },
          { droplet_name: "x", path: "/orders" },
        ],
      },
      status: 202,
      answer: {
        results: [
          { task_id: TASK_ID, status: "queued" },
          {
            error: {
              code: "DROPLET_NOT_FOUND",
              message: "Droplet 'x' not found in registry",
              details: { requested_droplet: "x", available_droplets: ["registry", "echo"] },
            },
          },
        ],
        accepted: 1,
        refused: 1,
      },
    },
  },
};

const replayTasks: Endpoint = {
  method: "post",
  path: "/tasks/retry",
  id: "replayTasks",
  tag: "many tasks",
  summary: "Replay every ended task that matches",
  description:
    "As new tasks with `replayed_from`, slowly at first, so that a droplet that has just recovered is not overrun. Without a status it is for those that ended as error or timeout. At least one filter has to be named.",
  scope: "operate",
  headers: ["traceparent", "X-Trace-ID"],
  body: "ReplayRequest",
  answers: {
    200: json("ReplayCount", "With `dry_run`: how many it would be."),
    202: json("ReplayAnswer", "The new tasks."),
  },
  refusals: ["QUEUE_UNAVAILABLE"],
  examples: {
    count: {
      summary: "How many would it be?",
      body: { droplet_name: "echo", status: "error", dry_run: true },
      status: 200,
      answer: {
        dry_run: true,
        matched: 12,
        starts_within_ms: 1750,
        per_second: { first: 5, most: 8 },
      },
    },
    replay: {
      summary: "All that failed at one droplet",
      body: { droplet_name: "echo", since: 1_767_225_600 },
      status: 202,
      answer: {
        dry_run: false,
        matched: 1,
        replayed: 1,
        skipped: 0,
        task_ids: [NEW_TASK_ID],
      },
    },
  },
};

const replayTask: Endpoint = {
  method: "post",
  path: "/tasks/{id}/retry",
  id: "replayTask",
  tag: "many tasks",
  summary: "Replay one ended task",
  description: "As a new task with `replayed_from`.",
  scope: "submit",
  query: z.object({ wait }),
  headers: ["Prefer", "traceparent", "X-Trace-ID"],
  answers: {
    200: json("TaskResult", "The new task has ended within the wait.", ["Preference-Applied"]),
    202: json("TaskAccepted", "The new task goes on.", [
      "Location",
      "Retry-After",
      "Preference-Applied",
    ]),
  },
  refusals: ["INVALID_REQUEST", "TASK_NOT_FOUND", "QUEUE_FULL", "QUEUE_UNAVAILABLE", "OVERLOADED"],
  examples: {
    go_on: {
      summary: "Do not wait",
      path: { id: TASK_ID },
      status: 202,
      answer: { ...ACCEPTED, task_id: NEW_TASK_ID, replayed_from: TASK_ID },
    },
    wait: {
      summary: "Wait for its result",
      path: { id: TASK_ID },
      query: { wait: true },
      status: 200,
      answer: { ...RESULT, task_id: NEW_TASK_ID },
    },
  },
};

export const manyTasksEndpoints = [submitBatch, replayTasks, replayTask];
