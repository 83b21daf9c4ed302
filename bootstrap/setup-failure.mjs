/**
 * Something on this machine that the user can put right (a taken port, no Redis to be had). Its message is all
 * that is shown: a stack trace of ours would only hide what to do.
 */
export class SetupFailure extends Error {
  name = "SetupFailure";
}

/** What to show of anything thrown: the message of a SetupFailure, the whole of a bug. */
export function describeFailure(error) {
  if (error instanceof SetupFailure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
