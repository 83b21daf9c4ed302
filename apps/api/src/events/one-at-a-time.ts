/**
 * The same work, never twice at once: a call that comes while it runs makes it run once more afterwards, however
 * many such calls there are.
 */
export function oneAtATime(
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let isRunning = false;
  let isWantedAgain = false;

  async function run(): Promise<void> {
    isRunning = true;
    try {
      do {
        isWantedAgain = false;
        await work();
      } while (isWantedAgain);
    } finally {
      isRunning = false;
    }
  }

  return () => {
    if (isRunning) isWantedAgain = true;
    else run().catch(onError);
  };
}
