import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { Refusal } from "./refusal.ts";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;

/** Reads JSON bodies up to `bytesMax`; no Content-Type counts as JSON, any other type is refused. */
export function jsonBody(bytesMax: number): RequestHandler[] {
  return [refuseOtherTypes, express.json({ limit: bytesMax, strict: false, type: () => true })];
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
