import type { NextFunction, Request, Response } from "express";
import { Refusal } from "./refusal.ts";

/** Twice what the longest request of the document needs. */
const URL_CHARS_MAX = 8192;

/**
 * What Node's parser lets through, or would refuse without a word in our shape.
 * @throws {Refusal} INVALID_REQUEST: 414 for a URL that is too long (past 16 KB the parser refuses the whole head with
 * 431), 400 for HTTP/1.1 without Host (RFC 9112, 3.2)
 */
export function requireAcceptableHead(
  request: Request,
  _response: Response,
  next: NextFunction,
): void {
  if (request.originalUrl.length > URL_CHARS_MAX) {
    const message = `The URL is longer than ${URL_CHARS_MAX} characters`;
    throw new Refusal("INVALID_REQUEST", message, { limit: URL_CHARS_MAX }, { httpStatus: 414 });
  }
  if (request.httpVersion === "1.1" && request.headers.host === undefined) {
    throw new Refusal("INVALID_REQUEST", "The request has no Host header");
  }
  next();
}
