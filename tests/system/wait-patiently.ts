import { waitFor } from "../support/wait-for.ts";

/** `waitFor` for what containers do: on a machine that is busy building, a start alone takes its time. */
export const waitPatiently: typeof waitFor = async (what, condition, options) =>
  await waitFor(what, condition, { timeoutMs: 60_000, everyMs: 100, ...options });
