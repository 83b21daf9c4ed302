import { randomUUID } from "node:crypto";
import {
  fieldIssues,
  TaskRequest,
  unknownFields,
  type TaskRequest as Request,
} from "@orchestrator/contract";
import {
  newTask,
  parsePath,
  targetUrl,
  type Droplet,
  type Task,
  type TaskDefaults,
} from "@orchestrator/core";
import type { DropletDirectory, TaskInput } from "@orchestrator/queue";
import { invalidRequest } from "../http/invalid-request.ts";
import { Refusal } from "../http/refusal.ts";
import { dropletNotFound } from "../mesh/resolve-droplet.ts";
import { claimOf, fingerprintOf, type KeyedRequest } from "./idempotency-key.ts";

export interface AcceptContext {
  directory: DropletDirectory;
  defaults: TaskDefaults;
  traceId: string;
  traceparent: string | null;
  /** How many orchestrators this work has passed through, ours included. */
  hops?: number;
  /** Who asks, when sign-in is on. */
  caller?: string | null;
  /** The Idempotency-Key of the request, null or absent when it has none. */
  idempotencyKey?: string | null;
}

export interface AcceptedTask {
  task: Task;
  input: TaskInput;
  warnings: string[];
  /** How an Idempotency-Key is claimed for it, null without one. */
  keyed: KeyedRequest | null;
  whenOpen: "queue" | "fail";
  /** The fields the caller named, known or not. */
  asked: readonly string[];
  /** What the caller sent, validated, with the contract's defaults. */
  request: Request;
}

type ReadRequest = Pick<AcceptedTask, "request" | "asked" | "warnings">;

/** Where a task and its callback go. */
interface Route {
  dropletName: string;
  path: string;
  callbackDropletName: string | null;
}

/** Turns a caller's body into a task with every default filled in. @throws {Refusal} naming the field and limit */
export function acceptTask(body: unknown, context: AcceptContext): AcceptedTask {
  const read = readRequest(body);
  return fillIn(read, findRoute(read.request, context.directory), context);
}

/**
 * The same without looking for the droplets on the list: to find out what an Idempotency-Key stands for, never to be
 * queued.
 * @throws {Refusal} naming the field and limit
 */
export function readRepeat(body: unknown, context: AcceptContext): AcceptedTask {
  const read = readRequest(body);
  const { droplet_name: dropletName, path, callback } = read.request;
  const route = { dropletName, path, callbackDropletName: callback?.droplet_name ?? null };
  return fillIn(read, route, context);
}

function findRoute(request: Request, directory: DropletDirectory): Route {
  const droplet = findDroplet(request.droplet_name, directory);
  const path = checkPath(request.path, droplet, "path");
  const { callback } = request;
  const callbackDroplet = callback ? findDroplet(callback.droplet_name, directory) : null;
  if (callback && callbackDroplet) checkPath(callback.path, callbackDroplet, "callback.path");
  const callbackDropletName = callbackDroplet?.name ?? null;
  return { dropletName: droplet.name, path, callbackDropletName };
}

function fillIn(
  { request, asked, warnings }: ReadRequest,
  route: Route,
  context: AcceptContext,
): AcceptedTask {
  const { idempotencyKey = null, caller = null } = context;
  const claim = idempotencyKey === null ? null : claimOf(idempotencyKey, caller);
  const task = newTask(request, context.defaults, {
    id: randomUUID(),
    ...route,
    traceId: context.traceId,
    traceparent: context.traceparent,
    caller,
    claim,
    replayedFrom: null,
    hops: context.hops ?? 1,
    nowMs: Date.now(),
  });
  const keyed = claim === null ? null : { claim, fingerprint: fingerprintOf(request, task) };
  const input = { payload: request.payload, headers: request.headers };
  return { task, input, warnings, keyed, whenOpen: request.when_open, asked, request };
}

function readRequest(body: unknown): ReadRequest {
  const parsed = TaskRequest.safeParse(body ?? {});
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const fields = typeof body === "object" && body !== null ? body : {};
  const unknown = unknownFields(fields);
  return {
    request: parsed.data,
    asked: Object.keys(fields),
    warnings: unknown.map((name) => `unknown field ignored: ${name.slice(0, 100)}`),
  };
}

/** The droplet by the list as it is now. Without a list only the Registry can be called. */
function findDroplet(name: string, directory: DropletDirectory): Droplet {
  const droplet = directory.byName(name);
  if (droplet !== null) return droplet;
  if (!directory.hasList) throw noDropletList();
  throw dropletNotFound(name, directory);
}

/** Refused at acceptance so that the caller learns of it, and checked again before each attempt. */
function checkPath(path: string, droplet: Droplet, field: string): string {
  const parsed = parsePath(path);
  if (parsed.kind === "invalid") throw invalidRequest([{ path: field, message: parsed.reason }]);
  const target = targetUrl(droplet.endpoint, parsed.path);
  if (target.kind === "forbidden") throw invalidRequest([{ path: field, message: target.reason }]);
  return parsed.path;
}

export function noDropletList(): Refusal {
  return new Refusal(
    "REGISTRY_ERROR",
    "There is no list of droplets: none from the Registry, Redis or disk",
    {},
    { retryAfterS: 5 },
  );
}
