import { dropletKey, nextCircuit, type DropletSwitches } from "@orchestrator/core";
import { CircuitRequest, fieldIssues, LimitsRequest } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import { Router, type Request, type Response } from "express";
import type { z } from "zod";
import { auditAction } from "../admin/audit-action.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { describeSwitches } from "../mesh/describe-droplets.ts";
import { dropletNotFound } from "../mesh/resolve-droplet.ts";

export interface OperatorRoutesOptions {
  store: Store;
  log: Logger;
}

type Change = (switches: DropletSwitches) => DropletSwitches;

/** What operators may do to a droplet's queue: pause, resume, limit, force its circuit. */
export function operatorRoutes({ store, log }: OperatorRoutesOptions): Router {
  const router = Router();

  const act =
    (action: string, changeFor: (request: Request) => Change) =>
    async (request: Request<{ name: string }>, response: Response): Promise<void> => {
      const { name } = request.params;
      assertKnown(name, store);
      const switches = await store.switchboard.change(name, changeFor(request));
      const done = { action, droplet: name, details: switches };
      await auditAction(done, request, response, { store, log });
      response.json({ name, ...describeSwitches(name, store.switchboard) });
    };

  const route = (path: string) => router.route(`/droplets/:name/${path}`);
  route("pause")
    .post(act("pause", () => (was) => ({ ...was, isPausedByOperator: true })))
    .all(methodNotAllowed("POST"));
  route("resume")
    .post(act("resume", () => (was) => ({ ...was, isPausedByOperator: false })))
    .all(methodNotAllowed("POST"));
  route("limits")
    .put(act("limits", (request) => limitChange(request.body)))
    .all(methodNotAllowed("PUT"));
  route("circuit")
    .post(act("circuit", (request) => circuitChange(request.body)))
    .all(methodNotAllowed("POST"));
  return router;
}

/** A droplet that left the list can still have tasks, and switches that hold them up. */
function assertKnown(name: string, { directory, switchboard }: Store): void {
  if (directory.byName(name) !== null || switchboard.all.has(dropletKey(name))) return;
  throw dropletNotFound(name, directory, { httpStatus: 404 });
}

/** What is left out stays; null lifts the droplet's own limit: the one configured for all holds again, if any. */
function limitChange(body: unknown): Change {
  const asked = parse(LimitsRequest, body);
  return (was) => ({
    ...was,
    limits: {
      concurrency: asked.concurrency === undefined ? was.limits.concurrency : asked.concurrency,
      rate:
        asked.rate === undefined
          ? was.limits.rate
          : asked.rate && { max: asked.rate.max, perMs: asked.rate.per_ms },
    },
  });
}

function circuitChange(body: unknown): Change {
  const { state } = parse(CircuitRequest, body);
  const event =
    state === "auto" ? ({ type: "released" } as const) : ({ type: "forced", to: state } as const);
  return (was) => ({ ...was, circuit: nextCircuit(was.circuit, event, Date.now()) });
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body ?? {});
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  return parsed.data;
}
