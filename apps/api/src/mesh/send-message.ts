import { createHash } from "node:crypto";
import {
  EVERYBODY,
  UDC_VERSION,
  type DropletReference,
  type SendReceipt,
  type SendRequest,
  type SendResult,
  type TaskRecord,
} from "@orchestrator/contract";
import {
  backoffSchedule,
  canonicalJson,
  isOurEntry,
  OUR_NAME,
  type Droplet,
} from "@orchestrator/core";
import { Refusal } from "../http/refusal.ts";
import { acceptTask, noDropletList, type AcceptContext } from "../tasks/accept-task.ts";
import { claimOf } from "../tasks/idempotency-key.ts";
import { submitOnce } from "../tasks/submit-once.ts";
import type { Submission, Wait } from "../tasks/submit-task.ts";
import type { Identity } from "./identity.ts";
import { dropletNotFound, resolveDroplet } from "./resolve-droplet.ts";

/** A task may take no longer. */
const HOUR_MS = 3_600_000;

/** A broadcast to more droplets than this does not wait for any. */
const WAITED_FOR_MAX = 100;

export interface Sending {
  submission: Submission;
  self: Identity;
  /** How the tasks are accepted; its trace id is the message's. */
  context: AcceptContext;
  wait: Wait;
}

/** Sends a message as a durable task, or as one per droplet for `*`. @throws {Refusal} when it cannot be queued */
export async function sendMessage(request: SendRequest, sending: Sending): Promise<SendReceipt> {
  const { directory, traceId } = sending.context;
  const outcome =
    request.target === EVERYBODY
      ? await broadcast(request, sending)
      : await sendToOne(request, resolveDroplet(request.target, directory), sending);
  return { ...outcome, trace_id: traceId, timestamp: new Date().toISOString() };
}

/** A target nobody knows is no refusal: senders of the mesh read the receipt. */
async function sendToOne(
  request: SendRequest,
  droplet: Droplet | null,
  sending: Sending,
): Promise<SendResult> {
  const { directory } = sending.context;
  if (droplet !== null) return await deliver(request, request.target, droplet, sending);
  if (!directory.hasList) throw noDropletList();
  return unsent(request.target, dropletNotFound(request.target, directory));
}

/** To everybody the Registry lists, itself only if it lists itself, and never to us. */
async function broadcast(
  request: SendRequest,
  sending: Sending,
): Promise<Omit<SendReceipt, "trace_id" | "timestamp">> {
  const { directory } = sending.context;
  const { list } = directory;
  if (list === null) throw noDropletList();
  const targets = list.droplets.filter((one) => !isOurEntry(one, sending.self.publicUrl));
  const noWait = { kind: "respond_async", applied: null } as const;
  const wait = targets.length > WAITED_FOR_MAX ? noWait : sending.wait;
  const results = await Promise.all(
    targets.map(async (droplet) => {
      try {
        return await deliver(request, droplet.name, droplet, { ...sending, wait });
      } catch (error) {
        // One droplet's full queue must not keep the message from the others.
        if (error instanceof Refusal) return unsent(droplet.name, error);
        throw error;
      }
    }),
  );
  const count = (result: SendResult["result"]): number =>
    results.filter((one) => one.result === result).length;
  const counts = { success: count("success"), queued: count("queued"), error: count("error") };
  return {
    target: request.target,
    sent: results.some(({ sent }) => sent),
    result: overallResult(counts),
    task_id: null,
    results,
    counts,
  };
}

function overallResult(counts: { queued: number; success: number; error: number }) {
  if (counts.error > 0) return "error";
  if (counts.queued > 0) return "queued";
  return counts.success > 0 ? "success" : "error";
}

async function deliver(
  request: SendRequest,
  target: DropletReference,
  droplet: Droplet,
  sending: Sending,
): Promise<SendResult> {
  const { context, wait, submission } = sending;
  const task = messageTask(request, droplet, sending);
  const accepted = acceptTask(task, { ...context, idempotencyKey: null });
  const { idempotencyKey = null, caller = null } = context;
  if (idempotencyKey !== null) {
    // By what was asked for: the envelope has the time in it, and differs each time.
    const claim = claimOf(JSON.stringify([idempotencyKey, droplet.name]), caller);
    const { trace_id: _traceId, ...asked } = request;
    accepted.task.claim = claim;
    accepted.keyed = { claim, fingerprint: sha256(canonicalJson(asked)) };
  }
  const { submitted, accepted: counted } = await submitOnce(accepted, wait, submission);
  const task_id = counted.task.id;
  if (submitted.kind === "accepted") return { target, sent: true, result: "queued", task_id };
  return { target, ...resultOf(submitted.record), task_id };
}

/** Each retry's wait is added to the time one attempt may take, so that `retry_count` is what happens. */
function messageTask(request: SendRequest, droplet: Droplet, { self, context }: Sending) {
  const attemptMs = Math.min(context.defaults.timeoutMs, HOUR_MS);
  const waitsMs = backoffSchedule(request.retry_count).reduce((sum, ms) => sum + ms, 0);
  return {
    droplet_name: droplet.name,
    method: "POST",
    path: "/message",
    payload: {
      udc_version: UDC_VERSION,
      trace_id: context.traceId,
      source: self.dropletId,
      source_name: OUR_NAME,
      target: droplet.id,
      message_type: request.message_type,
      payload: request.payload,
      timestamp: new Date().toISOString(),
    },
    meta: { requested_by: OUR_NAME, message_type: request.message_type },
    priority: request.priority,
    max_retries: request.retry_count,
    attempt_timeout_ms: Math.round(attemptMs),
    timeout_ms: Math.round(Math.min(attemptMs + waitsMs, HOUR_MS)),
  };
}

/** It was sent if the target answered, be it with an error. */
function resultOf({ status, response_status, response_body, error }: TaskRecord) {
  const isAnswered = response_status !== null;
  return {
    sent: isAnswered,
    result: status === "success" ? ("success" as const) : ("error" as const),
    ...(isAnswered && { response: response_body }),
    ...(error && { error }),
  };
}

function unsent(target: DropletReference, { code, message, details }: Refusal): SendResult {
  const error = { code, message, details };
  return { target, sent: false, result: "error", task_id: null, error };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
