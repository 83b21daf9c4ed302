import { submit, untilEnded } from "./api-client.ts";

/** Callers that submit one task after the other until they are told to stop, and what was accepted, in order. */
export interface Load extends AsyncDisposable {
  readonly accepted: readonly string[];
  /** Resolves when the last request has been answered. */
  stop(): Promise<void>;
}

export function startLoad(
  api: { url: string },
  dropletNames: readonly string[],
  callers: number,
): Load {
  const accepted: string[] = [];
  const stopping = new AbortController();
  let next = 0;
  async function call(): Promise<void> {
    while (!stopping.signal.aborted) {
      const task = { droplet_name: dropletNames[next++ % dropletNames.length], path: "/" };
      const { status, body } = await submit(api, task, { wait: false });
      if (status === 202) accepted.push((body as { task_id: string }).task_id);
      // A refusal asks to come back later; asking again at once would only burn the processor.
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const calling = Promise.all(Array.from({ length: callers }, call));
  async function stop(): Promise<void> {
    stopping.abort();
    await calling;
  }
  return { accepted, stop, [Symbol.asyncDispose]: stop };
}

/** How many of these tasks ended how; `lost` are those nobody knows any more. */
export async function countEnds(
  api: { url: string },
  ids: readonly string[],
): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const id of ids) {
    const status = await untilEnded(api, id).then(
      (record) => record.status,
      (error: unknown) => {
        if (String(error).includes("got 404")) return "lost";
        throw error;
      },
    );
    ends[status] = (ends[status] ?? 0) + 1;
  }
  return ends;
}
