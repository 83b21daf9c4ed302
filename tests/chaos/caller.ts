import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { submit } from "../support/api-client.ts";
import type { Service } from "../support/service.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What callers have seen. */
export interface CallerBook {
  /** Tasks they wanted done. */
  submitted: number;
  /** Ids they were told, by 200 or 202: from then on the task must not be lost. */
  accepted: Map<string, { delivery: string; status: string | null }>;
  /** Tasks they gave up on without ever hearing an id. */
  givenUp: number;
  /** An answer that names another task than its Idempotency-Key did before. */
  mixedUp: number;
}

export function newBook(): CallerBook {
  return { submitted: 0, accepted: new Map(), givenUp: 0, mixedUp: 0 };
}

interface CallerOptions {
  apis: readonly Service[];
  droplets: readonly string[];
  book: CallerBook;
  random: SeededRandom;
  /** Callers stop taking on new tasks when it is aborted. */
  signal: AbortSignal;
}

/** How often one task is offered again before its caller gives up: more than the longest outage takes. */
const TRIES_MAX = 60;

/** A caller as there are many: submits one task after the other, waiting for some, until told to stop. */
export async function keepSubmitting(options: CallerOptions): Promise<void> {
  while (!options.signal.aborted) {
    await submitOne(options);
    await sleep(options.random.between(0, 60));
  }
}

async function submitOne({ apis, droplets, book, random }: CallerOptions): Promise<void> {
  const key = randomUUID();
  const delivery = random.chance(0.2) ? "at_most_once" : "at_least_once";
  const task = {
    droplet_name: random.pick(droplets),
    method: "POST",
    path: "/work",
    payload: { key },
    delivery,
    max_retries: 5,
    timeout_ms: 120_000,
    attempt_timeout_ms: 5000,
  };
  const wait = random.chance(0.5) ? 5 : false;
  book.submitted++;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await offer(random.pick(apis), task, key, wait);
    if (answer !== null) {
      book.accepted.set(answer.task_id, { delivery, status: answer.status });
      return;
    }
    await sleep(500);
  }
  book.givenUp++;
}

/** The task's id and status, null when nothing was said that can be relied on. */
async function offer(
  api: Service,
  task: Record<string, unknown>,
  key: string,
  wait: number | false,
): Promise<{ task_id: string; status: string } | null> {
  try {
    const headers = { "idempotency-key": key };
    const answer = await submit(api, task, { wait, headers, timeoutMs: 15_000 });
    if (answer.status !== 200 && answer.status !== 202) return null;
    return answer.body as { task_id: string; status: string };
  } catch {
    // Refused, reset or silent: the very thing callers have to live with here.
    return null;
  }
}
