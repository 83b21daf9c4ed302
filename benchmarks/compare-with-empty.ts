import { Redis } from "ioredis";
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

/** Both get faster until all that is hot has been compiled. */
const WARM_UP_S = 8;

/** Not measured, before each round: what was closed or has cooled down while the other had its turn is there again. */
const LEAD_IN_S = 0.7;

/** What a task costs differs by a tenth from one start of the same processes to the next: the rounds are spread over some. */
const STARTS = 3;

export interface EmptyOptions {
  rounds: number;
  seconds: number;
  backlog: number;
  say: (line: string) => void;
}

interface SidesOptions extends EmptyOptions {
  beforeRound?: (side: Side) => Promise<void>;
}

/** What a task costs where there is much already, beside what it costs where there is little: CPU, in turn. */
export async function compareWithEmpty(options: EmptyOptions): Promise<Record<string, number>> {
  const ratios = {
    ...(await compareFull(options)),
    "200-droplets": await compareMany(options),
  };
  for (const [name, ratio] of Object.entries(ratios)) {
    options.say(`ratio ${name} cpu, to the empty system: ${ratio.toFixed(2)}`);
  }
  return ratios;
}

/** With a history that is full, and with a backlog. */
async function compareFull(options: EmptyOptions): Promise<Record<string, number>> {
  await using opened = new AsyncDisposableStack();
  const redis = opened.use(await openSurroundings(1));
  const empty = opened.use(await openSide(1, redis));
  const full = opened.use(await openSide(1, redis));
  await submitMany(full, HISTORY);
  await untilDelivered(full.around, HISTORY);
  const { backlog } = options;
  const beforeRound = async (side: Side): Promise<void> => {
    if (side === empty) await forgetHistory(side);
  };
  // Rounds that are short: in three seconds any history is full.
  const filled = await compareSides(empty, full, { ...options, seconds: 1, beforeRound });
  const queued = await inTurn(options.rounds, async (isEmpty) => {
    return await drain(isEmpty ? empty : full, isEmpty ? SMALL_BACKLOG : backlog);
  });
  return { "full-history": median(filled), [`${backlog}-queued`]: median(queued) };
}

async function compareMany(options: EmptyOptions): Promise<number> {
  const ratios: number[] = [];
  const starts = options.rounds > 1 ? STARTS : 1;
  for (let start = 0; start < starts; start++) {
    await using opened = new AsyncDisposableStack();
    const redis = opened.use(await openSurroundings(1));
    const empty = opened.use(await openSide(1, redis));
    const many = opened.use(await openSide(MANY_DROPLETS, redis));
    const rounds = Math.ceil(options.rounds / starts) + 1;
    ratios.push(...(await compareSides(empty, many, { ...options, rounds })));
  }
  return median(ratios);
}

/** What a task of the second costs to one of the first, round by round. */
async function compareSides(
  empty: Side,
  other: Side,
  { rounds, seconds, beforeRound }: SidesOptions,
): Promise<number[]> {
  const scenario = { ...BATCH, callers: 50, tasksPerRequest: 1, name: "async" };
  const round = async (side: Side, durationS: number): Promise<number> => {
    const spread = { ...scenario, droplets: side.dropletCount };
    return (await measure(side, spread, durationS)).cpuUsPerTask;
  };
  if (rounds > 1) for (const side of [empty, other]) await round(side, WARM_UP_S);
  return await inTurn(rounds, async (isEmpty) => {
    const side = isEmpty ? empty : other;
    await round(side, LEAD_IN_S);
    await beforeRound?.(side);
    return await round(side, seconds);
  });
}

/** The ratios of pairs of rounds; who has the first turn changes. */
async function inTurn(
  rounds: number,
  cost: (isEmpty: boolean) => Promise<number>,
): Promise<number[]> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const isEmptyFirst = round % 2 === 0;
    const [first, second] = [await cost(isEmptyFirst), await cost(!isEmptyFirst)];
    ratios.push(isEmptyFirst ? second / first : first / second);
  }
  return ratios;
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

/** As if no task had ever ended. */
async function forgetHistory({ system, around }: Side): Promise<void> {
  const redis = new Redis(around.redisUrl);
  const { keyPrefix } = system;
  const lists = ["task", "ended", "traces", "ix:*"].map((name) => `${keyPrefix}:{all}:${name}`);
  for (const match of [...lists, `${keyPrefix}:task:*`]) {
    for await (const keys of redis.scanStream({ match, count: 1000 })) {
      if (Array.isArray(keys) && keys.length > 0) await redis.unlink(keys.map(String));
    }
  }
  redis.disconnect();
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
