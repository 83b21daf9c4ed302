import { median } from "./load.ts";
import {
  bodyOf,
  delivered,
  measure,
  openSide,
  openSurroundings,
  startMeter,
  untilDelivered,
  type Scenario,
  type Side,
} from "./measure.ts";

/** As many as are kept by default, and some more. */
const HISTORY = 10_500;
const MANY_DROPLETS = 200;
const SMALL_BACKLOG = 2000;

/** How much of a backlog one round drains. */
const DRAINED = 2000;

const BATCH: Scenario = {
  name: "filling",
  callers: 1,
  wait: false,
  payloadBytes: 0,
  droplets: 1,
  tasksPerRequest: 500,
};

export interface EmptyOptions {
  rounds: number;
  seconds: number;
  backlog: number;
  say: (line: string) => void;
}

/** What a task costs where there is much already, beside what it costs where there is little: CPU, in turn. */
export async function compareWithEmpty(options: EmptyOptions): Promise<Record<string, number>> {
  await using opened = new AsyncDisposableStack();
  const redis = opened.use(await openSurroundings(1));
  const empty = opened.use(await openSide(1, redis));
  const full = opened.use(await openSide(1, redis));
  const many = opened.use(await openSide(MANY_DROPLETS, redis));
  await submitMany(full, HISTORY);
  await untilDelivered(full.around, HISTORY);
  const spread = { ...BATCH, callers: 50, tasksPerRequest: 1, name: "async" };
  const { rounds, seconds, backlog, say } = options;
  const ratios = {
    "full-history": await inTurn(rounds, async (isEmpty) => {
      const side = isEmpty ? empty : full;
      return (await measure(side, spread, seconds)).cpuUsPerTask;
    }),
    "200-droplets": await inTurn(rounds, async (isEmpty) => {
      const scenario = { ...spread, droplets: isEmpty ? 1 : MANY_DROPLETS };
      return (await measure(isEmpty ? empty : many, scenario, seconds)).cpuUsPerTask;
    }),
    [`${backlog}-queued`]: await inTurn(rounds, async (isEmpty) => {
      const side = isEmpty ? empty : full;
      return await drain(side, isEmpty ? SMALL_BACKLOG : backlog);
    }),
  };
  for (const [name, ratio] of Object.entries(ratios)) {
    say(`ratio ${name} cpu, to the empty system: ${ratio.toFixed(2)}`);
  }
  return ratios;
}

/** The median ratio of pairs of rounds. */
async function inTurn(
  rounds: number,
  cost: (isEmpty: boolean) => Promise<number>,
): Promise<number> {
  const ratios: number[] = [];
  await cost(true);
  await cost(false);
  for (let round = 0; round < rounds; round++) {
    const base = await cost(true);
    ratios.push((await cost(false)) / base);
  }
  return median(ratios);
}

const backlogs = new Map<Side, number>();

/** Fills the queue up to a depth while it is paused, and measures what the first tasks of it cost. */
async function drain(side: Side, depth: number): Promise<number> {
  const { system, around } = side;
  await operate(side, "pause");
  const queued = backlogs.get(side) ?? 0;
  await submitMany(side, depth - queued);
  const before = await delivered(around);
  const meter = await startMeter(system, around);
  await operate(side, "resume");
  await untilDelivered(around, before + Math.min(DRAINED, depth));
  const { cpuUsPerTask } = await meter((await delivered(around)) - before);
  await operate(side, "pause");
  await new Promise((resolve) => setTimeout(resolve, 500));
  backlogs.set(side, depth - ((await delivered(around)) - before));
  return cpuUsPerTask;
}

async function submitMany({ system }: Side, count: number): Promise<void> {
  for (let left = count; left > 0; left -= BATCH.tasksPerRequest) {
    const size = Math.min(left, BATCH.tasksPerRequest);
    const answer = await fetch(`${system.origin}/orchestrator/tasks/batch`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: bodyOf({ ...BATCH, tasksPerRequest: Math.max(2, size) }, 0),
    });
    if (answer.status !== 202) throw new Error(`a batch was answered ${answer.status}`);
    await answer.text();
  }
}

async function operate({ system }: Side, action: "pause" | "resume"): Promise<void> {
  const url = `${system.origin}/orchestrator/droplets/bench-0/${action}`;
  const { status } = await fetch(url, { method: "POST" });
  if (status !== 200) throw new Error(`${action} was answered ${status}`);
}
