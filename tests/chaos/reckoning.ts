import { setTimeout as sleep } from "node:timers/promises";
import type { TaskRecord } from "@orchestrator/contract";
import { send } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import type { CallerBook } from "./caller.ts";
import type { Deliveries } from "./counting-droplet.ts";

/** How long everything accepted may take to end once nothing breaks any more. */
const SETTLE_MS_MAX = 180_000;

export interface Reckoning {
  lines: [name: string, number: number][];
  /** What must be 0. */
  lost: number;
  stuck: number;
  doubledAtMostOnce: number;
  successNeverDelivered: number;
  endChanged: number;
}

/** Waits for the end of everything that was accepted, then counts what became of it. */
export async function reckon(
  api: Service,
  book: CallerBook,
  deliveries: Deliveries,
): Promise<Reckoning> {
  const records = await settle(api, [...book.accepted.keys()]);
  const ended = [...records.values()].filter((record) => record?.completed_at != null);
  const byStatus = Map.groupBy(ended, (record) => record?.status ?? "none");
  const times = [...book.accepted.keys()].map((id) => deliveries.get(id) ?? 0);
  const found = {
    lost: [...records.values()].filter((record) => record === null).length,
    stuck: [...records.values()].filter((record) => record?.completed_at === null).length,
    doubledAtMostOnce: count(book, ([id, { delivery }]) => {
      return delivery === "at_most_once" && (deliveries.get(id) ?? 0) > 1;
    }),
    successNeverDelivered: count(book, ([id]) => {
      return records.get(id)?.status === "success" && !deliveries.has(id);
    }),
    endChanged: count(book, ([id, { status }]) => isEndChanged(status, records.get(id)?.status)),
  };
  return {
    ...found,
    lines: [
      ["submitted", book.submitted],
      ["accepted", book.accepted.size],
      ["given up by their caller before an id was heard", book.givenUp],
      ...(["success", "error", "timeout", "cancelled"] as const).map((status): [string, number] => [
        `ended as ${status}`,
        byStatus.get(status)?.length ?? 0,
      ]),
      ["delivered at least once", times.filter((n) => n >= 1).length],
      ["delivered more than once", times.filter((n) => n > 1).length],
      ["at_most_once delivered more than once", found.doubledAtMostOnce],
      ["success without delivery", found.successNeverDelivered],
      ["ends that changed afterwards", found.endChanged],
      ["lost", found.lost],
      ["stuck", found.stuck],
    ],
  };
}

/** An end that a caller was told is final. */
function isEndChanged(told: string | null, found: string | undefined): boolean {
  if (told === null || told === "queued" || told === "running") return false;
  return told !== found;
}

function count(
  { accepted }: CallerBook,
  holds: (entry: [string, { delivery: string; status: string | null }]) => boolean,
): number {
  return [...accepted].filter(holds).length;
}

/** The records when all have ended or the time is up; null for a task nobody knows. */
async function settle(api: Service, ids: string[]): Promise<Map<string, TaskRecord | null>> {
  const records = new Map<string, TaskRecord | null>();
  const deadline = Date.now() + SETTLE_MS_MAX;
  let open = ids;
  while (open.length > 0 && Date.now() < deadline) {
    for (let start = 0; start < open.length; start += 50) {
      const some = open.slice(start, start + 50);
      await Promise.all(some.map(async (id) => records.set(id, await lookUp(api, id))));
    }
    open = open.filter((id) => records.get(id)?.completed_at == null);
    if (open.length > 0) await sleep(500);
  }
  return records;
}

async function lookUp(api: Service, id: string): Promise<TaskRecord | null> {
  const { status, body } = await send(api, `/orchestrator/tasks/${id}`);
  if (status === 404) return null;
  if (status !== 200) throw new Error(`looking up ${id} was answered ${status}`);
  return body as TaskRecord;
}
