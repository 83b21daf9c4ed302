import {
  fieldIssues,
  Heartbeat,
  type DropletReference,
  type HeartbeatReceipt,
} from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import { Router, type Request, type Response } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { noteSignOfLife } from "../mesh/note-sign-of-life.ts";

/** When the mesh expects the next one. */
const HEARTBEAT_EVERY_S = 60;

/** Heartbeats, whoever sends them and however they say who they are. */
export function heartbeatRoutes(store: Store): Router {
  const router = Router();
  router
    .route("/heartbeat")
    .post(async (request, response) => await receive(request, response, store, null))
    .all(methodNotAllowed("POST"));
  router
    .route("/droplets/:id/heartbeat")
    .post(async (request, response) => {
      await receive(request, response, store, request.params.id);
    })
    .all(methodNotAllowed("POST"));
  return router;
}

/** A heartbeat that does not say whose it is gets its receipt all the same: there is nothing to remember. */
async function receive(
  request: Request,
  response: Response,
  store: Store,
  idInPath: string | null,
): Promise<void> {
  const parsed = Heartbeat.safeParse(unwrap(request.body));
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const sender = idInPath ?? senderIn(parsed.data);
  if (sender !== null) await noteSignOfLife(sender, parsed.data, store);
  const receipt: HeartbeatReceipt = {
    received: true,
    next_heartbeat_deadline: Math.ceil(Date.now() / 1000) + HEARTBEAT_EVERY_S,
  };
  response.json(receipt);
}

function senderIn(heartbeat: Heartbeat): DropletReference | null {
  const { name, droplet_name, id, droplet_id, source } = heartbeat;
  return name ?? droplet_name ?? id ?? droplet_id ?? source ?? null;
}

/** The UDC envelope keeps the heartbeat in `payload` and its sender beside it, or in `metadata`. */
function unwrap(body: unknown): unknown {
  if (!isObject(body) || !isObject(body["payload"])) return body ?? {};
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  const source = body["source"] ?? metadata["source_droplet_id"];
  return { source, ...body["payload"] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
