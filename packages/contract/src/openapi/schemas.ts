import { z } from "zod";
import { ErrorResponse } from "../error-response.ts";
import { Heartbeat, HeartbeatReceipt } from "../heartbeat.ts";
import { KeptMessage, Message, MessageReceipt } from "../message.ts";
import { CircuitRequest, LimitsRequest } from "../operator-requests.ts";
import { BATCH_TASKS_MAX, ReplayRequest } from "../replay-filter.ts";
import { SendReceipt, SendRequest, SendResult } from "../send-request.ts";
import { EventsReset, TaskEvent } from "../task-event.ts";
import { AttemptRecord, TaskAccepted, TaskError, TaskRecord, TaskResult } from "../task-record.ts";
import { TaskRequest } from "../task-request.ts";
import { AuditPage } from "./answers/audit-answer.ts";
import {
  DropletDetail,
  DropletEntry,
  DropletList,
  DropletSwitches,
} from "./answers/droplet-answers.ts";
import { EndpointDescription, MessagePage } from "./answers/message-answers.ts";
import { MetricsAnswer } from "./answers/metrics-answer.ts";
import {
  Capabilities,
  Dependencies,
  Health,
  Info,
  Probe,
  State,
  Version,
  Welcome,
} from "./answers/self-answers.ts";
import {
  BatchAnswer,
  ReplayAnswer,
  ReplayCount,
  TaskExplanation,
  TaskPage,
} from "./answers/task-answers.ts";
import { TaskInsight } from "./answers/task-insight.ts";
import { tidySchema, type JsonSchema } from "./tidy-schema.ts";

/** As it is meant: the service checks each task for itself, so that one bad task does not refuse the others. */
const BatchRequest = z.object({ tasks: z.array(TaskRequest).min(1).max(BATCH_TASKS_MAX) });

/** What callers send: fields with a default may be left out. */
const REQUESTS = {
  TaskRequest,
  BatchRequest,
  ReplayRequest,
  LimitsRequest,
  CircuitRequest,
  Message,
  SendRequest,
  Heartbeat,
};

const OpenApi = z.looseObject({ openapi: z.literal("3.1.0"), paths: z.looseObject({}) });

/** What they get. */
const ANSWERS = {
  TaskResult,
  TaskAccepted,
  TaskRecord,
  AttemptRecord,
  TaskError,
  TaskPage,
  TaskExplanation,
  BatchAnswer,
  ReplayCount,
  ReplayAnswer,
  TaskEvent,
  EventsReset,
  DropletEntry,
  DropletList,
  DropletDetail,
  DropletSwitches,
  MessageReceipt,
  MessagePage,
  KeptMessage,
  SendReceipt,
  SendResult,
  HeartbeatReceipt,
  EndpointDescription,
  Welcome,
  Health,
  Capabilities,
  State,
  Dependencies,
  Info,
  Version,
  Probe,
  MetricsAnswer,
  AuditPage,
  TaskInsight,
  OpenApi,
  ErrorResponse,
};

export type SchemaName = keyof typeof REQUESTS | keyof typeof ANSWERS;

/** The JSON Schemas (2020-12) of everything that has a name, each referring to the others by it. */
export function componentSchemas(): Record<string, JsonSchema> {
  return { ...convert(REQUESTS, "input"), ...convert(ANSWERS, "output") };
}

export function schemaRef(name: SchemaName): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

function convert(
  schemas: Record<string, z.ZodType>,
  io: "input" | "output",
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const converted = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => tidySchema(jsonSchema),
  });
  for (const schema of Object.values(converted.schemas)) {
    delete schema.$schema;
    delete schema.$id;
  }
  return converted.schemas;
}
