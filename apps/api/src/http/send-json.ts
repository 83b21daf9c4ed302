import type { Response } from "express";

/**
 * `response.json` for the answer that is given most, to a request that is neither HEAD nor conditional: the same on the
 * wire, without asking what Express would have to ask for the others.
 */
export function sendJson(response: Response, body: unknown): void {
  const text = JSON.stringify(body);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.end(text);
}
