import type { Response } from "express";

/** read: tasks, bodies, lists · submit: make and cancel tasks · operate: queues, bulk replays, admin pages. */
export const SCOPES = ["read", "submit", "operate"] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks, as far as we know. */
export interface Caller {
  /** Shown in logs and records; null for somebody who did not sign in. */
  name: string | null;
  scopes: ReadonlySet<Scope>;
}

export function setCaller(response: Response, caller: Caller): void {
  response.locals["caller"] = caller;
}

/** Whether there is an operators' password to ask for. */
export function canOperatorsSignIn(response: Response): boolean {
  return response.locals["canOperatorsSignIn"] === true;
}

export function setCanOperatorsSignIn(response: Response, can: boolean): void {
  response.locals["canOperatorsSignIn"] = can;
}

const NOBODY: Caller = { name: null, scopes: new Set() };

export function callerOf(response: Response): Caller {
  const caller: unknown = response.locals["caller"];
  return isCaller(caller) ? caller : NOBODY;
}

function isCaller(value: unknown): value is Caller {
  return typeof value === "object" && value !== null && "scopes" in value;
}
