import { z } from "zod";
import { MessagesQuery } from "../../message.ts";
import { json, type Endpoint } from "../endpoint.ts";
import { WaitText } from "./wait-text.ts";
import { TASK_ID, TRACE_ID } from "./specimens.ts";

const NOW = "2026-01-01T00:00:00.000Z";

const receiveMessage: Endpoint = {
  method: "post",
  path: "/message",
  id: "receiveMessage",
  tag: "messages",
  summary: "Say something to us",
  description:
    "The flat form and the UDC envelope. A `query` is answered (`task_status` {task_id}, `droplet_list`, `system_status`), a `command` obeyed (`create_task` {task}, `cancel_task` {task_id}), `heartbeat` and `status` noted; every message is kept. Where sign-in is on, a command needs the scope submit and a query read; other messages are taken from anyone.",
  scope: null,
  headers: ["Idempotency-Key", "traceparent", "X-Trace-ID"],
  body: "Message",
  answers: { 200: json("MessageReceipt", "Taken; `result` tells what came of it.") },
  refusals: ["FORBIDDEN", "QUEUE_FULL", "REGISTRY_ERROR", "QUEUE_UNAVAILABLE", "OVERLOADED"],
  examples: {
    event: {
      summary: "An event, which is kept",
      body: {
        source: "billing",
        target: "orchestrator",
        message_type: "event",
        payload: { invoice: 7 },
      },
      status: 200,
      answer: { received: true, trace_id: TRACE_ID, processed_at: NOW, result: "success" },
    },
    command: {
      summary: "A command in the UDC envelope",
      headers: { "Idempotency-Key": "order-8" },
      body: {
        udc_version: "1.0",
        trace_id: "order-8",
        source: 7,
        target: 2,
        message_type: "command",
        payload: { command: "create_task", task: { droplet_name: "echo", path: "/orders" } },
        timestamp: NOW,
      },
      status: 200,
      answer: {
        received: true,
        trace_id: "order-8",
        processed_at: NOW,
        result: "queued",
        response: { task_id: TASK_ID, status: "queued" },
      },
    },
  },
};

const sendMessage: Endpoint = {
  method: "post",
  path: "/send",
  id: "sendMessage",
  tag: "messages",
  summary: "Have a message delivered",
  description:
    "As a durable task to the target's `/message`, in the full envelope with us as its source. `queued` when it has not ended within the wait. A target nobody knows is no refusal: `sent` is false. The target `*` is everybody on the list but us.",
  scope: "submit",
  query: z.object({
    wait: WaitText.optional().describe("As for POST /tasks."),
  }),
  headers: ["Prefer", "Idempotency-Key", "traceparent", "X-Trace-ID", "X-Orchestrator-Hops"],
  body: "SendRequest",
  answers: { 200: json("SendReceipt", "What became of it.", ["Preference-Applied"]) },
  refusals: [
    "IDEMPOTENCY_MISMATCH",
    "QUEUE_FULL",
    "REGISTRY_ERROR",
    "QUEUE_UNAVAILABLE",
    "OVERLOADED",
    "LOOP_DETECTED",
  ],
  examples: {
    one: {
      summary: "To one droplet",
      body: { target: "echo", message_type: "event", payload: { invoice: 7 }, priority: "high" },
      status: 200,
      answer: {
        target: "echo",
        sent: true,
        result: "success",
        response: { received: true },
        task_id: TASK_ID,
        trace_id: TRACE_ID,
        timestamp: NOW,
      },
    },
    everybody: {
      summary: "To everybody, without waiting",
      query: { wait: false },
      body: { target: "*", message_type: "event", payload: { invoice: 7 } },
      status: 200,
      answer: {
        target: "*",
        sent: true,
        result: "queued",
        task_id: null,
        results: [{ target: "echo", sent: true, result: "queued", task_id: TASK_ID }],
        counts: { success: 0, queued: 1, error: 0 },
        trace_id: TRACE_ID,
        timestamp: NOW,
      },
    },
  },
};

const listMessages: Endpoint = {
  method: "get",
  path: "/messages",
  id: "listMessages",
  tag: "messages",
  summary: "List what was said to us",
  scope: "read",
  query: MessagesQuery,
  answers: { 200: json("MessagePage", "The newest messages.") },
  refusals: ["INVALID_REQUEST", "QUEUE_UNAVAILABLE"],
  examples: {
    one_sender: {
      summary: "Of one sender",
      query: { source: "billing", message_type: "event", limit: 10 },
      status: 200,
      answer: {
        messages: [
          {
            id: "9b2f0c9c6a5d4a55a5a2b7c7a0c8f7d1",
            trace_id: TRACE_ID,
            source: "billing",
            target: "orchestrator",
            message_type: "event",
            payload: { invoice: 7 },
            timestamp: null,
            received_at: NOW,
            result: "success",
            verified: false,
          },
        ],
        total: 1,
        limit: 10,
      },
    },
  },
};

const heartbeat: Endpoint = {
  method: "post",
  path: "/heartbeat",
  id: "noteHeartbeat",
  tag: "messages",
  summary: "A droplet's sign of life",
  description: "Who sends it may be said in any of the mesh's ways; the envelope is read too.",
  scope: null,
  body: "Heartbeat",
  answers: { 200: json("HeartbeatReceipt", "It is noted.") },
  refusals: ["QUEUE_UNAVAILABLE"],
  examples: {
    alive: {
      summary: "Alive",
      body: { name: "echo", status: "active" },
      status: 200,
      answer: { received: true, next_heartbeat_deadline: 1_767_225_660 },
    },
  },
};

function described(path: "/message" | "/send", id: string): Endpoint {
  return {
    method: "get",
    path,
    id,
    tag: "messages",
    summary: `How to use POST ${path}`,
    description: "Checkers of the mesh probe it.",
    scope: null,
    answers: { 200: json("EndpointDescription", "In words.") },
    examples: {
      probe: {
        summary: "The description",
        status: 200,
        answer: {
          endpoint: `/orchestrator${path}`,
          method: "POST",
          description: "What it does.",
          fields: { message_type: "one word of at most 64 characters", payload: "any JSON" },
        },
      },
    },
  };
}

export const messageEndpoints = [
  receiveMessage,
  described("/message", "describeMessage"),
  listMessages,
  sendMessage,
  described("/send", "describeSend"),
  heartbeat,
];
