import type { NextFunction, Request, Response } from "express";
import { Refusal } from "../http/refusal.ts";
import { callerKey } from "./request-limits.ts";

const RETRY_AFTER_S = 1;

/** How many requests of one caller this process holds until a task ends; past `max` the next is refused. */
export class CallerWaits {
  readonly #held = new Map<string, number>();
  readonly #max: number;

  /** @param max 0 for no limit */
  constructor(max: number) {
    this.#max = max;
  }

  /** Lets `enterWait` find it: whether a request waits is known only once it has been read. */
  readonly guard = (_request: Request, response: Response, next: NextFunction): void => {
    if (this.#max > 0) response.locals["callerWaits"] = this;
    next();
  };

  /** @throws {Refusal} RATE_LIMITED; else the place is free again when the answer is out or the caller gone */
  enter(request: Request, response: Response): void {
    const caller = callerKey(request, response);
    const held = this.#held.get(caller) ?? 0;
    if (held >= this.#max) {
      const details = { waiters_per_caller: this.#max };
      const message = `${held} of your requests are waiting for their tasks already; submit with wait=false`;
      throw new Refusal("RATE_LIMITED", message, details, { retryAfterS: RETRY_AFTER_S });
    }
    this.#held.set(caller, held + 1);
    response.once("close", () => this.#leave(caller));
  }

  #leave(caller: string): void {
    const left = (this.#held.get(caller) ?? 1) - 1;
    // Who waits no more is forgotten: callers come and go.
    if (left > 0) this.#held.set(caller, left);
    else this.#held.delete(caller);
  }
}

/** One more request of its caller that is held. @throws {Refusal} RATE_LIMITED */
export function enterWait(request: Request): void {
  const { res: response } = request;
  const waits: unknown = response?.locals["callerWaits"];
  if (response !== undefined && waits instanceof CallerWaits) waits.enter(request, response);
}
