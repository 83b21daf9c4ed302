import type { NextFunction, Request, RequestHandler, Response } from "express";

/** Several handlers as one: Express finds its way from each of its own to the next anew, which costs more than most do. */
export function inSequence(handlers: readonly RequestHandler[]): RequestHandler {
  return (request: Request, response: Response, done: NextFunction) => {
    let at = 0;
    const next = (error?: unknown): void => {
      const handler = handlers[at];
      at += 1;
      if (error !== undefined || handler === undefined) {
        done(error);
        return;
      }
      try {
        void handler(request, response, next);
      } catch (thrown) {
        done(thrown);
      }
    };
    next();
  };
}
