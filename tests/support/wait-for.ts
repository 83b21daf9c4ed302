export interface WaitOptions {
  /** How long the condition may take to come true; 10 s unless given. */
  timeoutMs?: number;
  /** How often it is looked at; every 20 ms unless given. */
  everyMs?: number;
}

/** What a condition gives while it does not hold. */
type NotYet = false | null | undefined;

/**
 * Looks again and again until the condition gives something, and returns that. `false`, `null`, `undefined` and a
 * thrown error (a failed `expect` too) mean "not yet"; the last of them is in the message when time is up.
 *
 *     const record = await waitFor("the task to end", async () => {
 *       const record = await readTask(api, id);
 *       return record.completed_at !== null && record;
 *     });
 *
 * @param what to follow "waited in vain for"
 */
export async function waitFor<Found>(
  what: string,
  condition: () => Found | Promise<Found>,
  { timeoutMs = 10_000, everyMs = 20 }: WaitOptions = {},
): Promise<Exclude<Found, NotYet>> {
  const until = performance.now() + timeoutMs;
  let lastError: unknown;
  let lastSeen: unknown;
  for (;;) {
    try {
      const found = await condition();
      if (found !== false && found !== null && found !== undefined) {
        return found as Exclude<Found, NotYet>;
      }
      lastSeen = found;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > until) {
      const reason = lastError instanceof Error ? lastError.message : String(lastError ?? lastSeen);
      throw new Error(`waited in vain for ${what} (${timeoutMs} ms): ${reason}`, {
        cause: lastError,
      });
    }
    await new Promise((resolve) => {
      setTimeout(resolve, everyMs);
    });
  }
}

/** Settles as `promise` does, but rejects when that takes longer than `ms`. */
export async function within<Value>(
  ms: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited in vain for ${what} (${ms} ms)`)), ms);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
