import { JSON_DEPTH_MAX, jsonDepth } from "@orchestrator/core";
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { invalidRequest } from "./invalid-request.ts";
import { Refusal } from "./refusal.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;

/** Reads JSON bodies up to `bytesMax`; no Content-Type counts as JSON, any other type is refused. */
export function jsonBody(bytesMax: number): RequestHandler[] {
  const options = { limit: bytesMax, strict: false, type: () => true, verify: refuseDepth };
  return [refuseOtherTypes, express.json(options)];
}

/** Before parsing: what nests without end would exhaust the stack of whoever writes it again. */
function refuseDepth(_request: unknown, _response: unknown, body: Buffer): void {
  if (body.byteLength <= JSON_DEPTH_MAX || jsonDepth(body.toString("latin1")) <= JSON_DEPTH_MAX)
    return;
  const message = `nests deeper than ${JSON_DEPTH_MAX} levels`;
  throw invalidRequest([{ path: "", message }]);
}

function refuseOtherTypes(request: Request, _response: Response, next: NextFunction): void {
  const type = request.get("content-type")?.split(";")[0]?.trim() ?? "";
  if (hasBody(request) && type !== "" && !JSON_TYPE.test(type)) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Send JSON, not '${type.slice(0, 100)}'`, {
      content_type: type.slice(0, 100),
    });
  }
  next();
}

function hasBody(request: Request): boolean {
  return (
    Number(request.get("content-length") ?? 0) > 0 || request.get("transfer-encoding") !== undefined
  );
}
