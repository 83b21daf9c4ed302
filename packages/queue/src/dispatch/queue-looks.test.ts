import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { NOT_PLAIN } from "./job-moves.ts";
import { QueueLooks, type Looked, type LookKind } from "./queue-looks.ts";

type Answer = typeof NOT_PLAIN | Looked<string>;

const nothing: Looked<string> = { jobs: [], isEmpty: true, nextDueAt: 0 };

/** Looks into a queue whose answers, and the ends of whose jobs, come when the test says so. */
function aQueue(concurrency = 20) {
  const asked: (PromiseWithResolvers<Answer> & { count: number; kind: LookKind })[] = [];
  const ends = new Map<string, (mayBeMore: boolean) => void>();
  const parts = {
    room: () => concurrency,
    take: vi.fn<(count: number, kind: LookKind) => Promise<Answer>>(async (count, kind) => {
      const answer = { ...Promise.withResolvers<Answer>(), count, kind };
      asked.push(answer);
      return await answer.promise;
    }),
    run: async (job: string): Promise<boolean> =>
      await new Promise((resolve) => ends.set(job, resolve)),
    handBack: vi.fn<(jobs: readonly string[]) => Promise<void>>(async () => {}),
    leaveToBullMq: vi.fn<() => Promise<void>>(async () => {}),
    onError: vi.fn<(error: unknown) => void>(),
  };
  const looks = new QueueLooks<string>(parts);
  const counts = (): number[] => asked.map(({ count }) => count);
  const kinds = (): LookKind[] => asked.map(({ kind }) => kind);
  const answer = async (given: Answer): Promise<void> => {
    asked.at(-1)?.resolve(given);
    await setImmediate();
  };
  const end = async (job: string, mayBeMore = false): Promise<void> => {
    ends.get(job)?.(mayBeMore);
    await setImmediate();
  };
  return { looks, parts, asked, counts, kinds, answer, end, running: ends };
}

function found(jobs: string[], isEmpty: boolean): Looked<string> {
  return { jobs, isEmpty, nextDueAt: 0 };
}

afterEach(() => {
  vi.useRealTimers();
});

test("a call is a look, and what it gives runs", async () => {
  const { looks, counts, answer, running } = aQueue();
  looks.call("quick");
  await answer(found(["a", "b"], true));
  expect([...running.keys()]).toEqual(["a", "b"]);
  expect(counts()).toEqual([10]);
});

test("what comes during a look is seen by another, once", async () => {
  const { looks, counts, answer } = aQueue();
  looks.call("quick");
  looks.call("quick");
  looks.call("quick");
  await answer(nothing);
  await answer(nothing);
  expect(counts()).toHaveLength(2);
});

test("looks go on while there is more and there is room for it", async () => {
  const { looks, counts, answer } = aQueue(13);
  looks.call("quick");
  await answer(found(Array.from({ length: 10 }, String), false));
  expect(counts()).toEqual([10, 3]);
  await answer(found(["10", "11", "12"], false));
  expect(counts()).toHaveLength(2);
});

test("a call while there is no room is followed when there is", async () => {
  const { looks, counts, answer, end } = aQueue(1);
  looks.call("quick");
  await answer(found(["a"], true));
  looks.call("quick");
  await setImmediate();
  expect(counts()).toEqual([1]);
  await end("a");
  expect(counts()).toEqual([1, 1]);
});

test("a job that ends with nothing to follow is no reason to look, unless there may be more", async () => {
  const { looks, counts, answer, end } = aQueue();
  looks.call("quick");
  await answer(found(["a", "b"], true));
  await end("a");
  expect(counts()).toHaveLength(1);
  await end("b", true);
  expect(counts()).toHaveLength(2);
});

test("a look is quick when it comes at once after a call, and only once", async () => {
  const { looks, kinds, answer } = aQueue(11);
  looks.call("quick");
  looks.call("quick");
  await answer(nothing);
  await answer(found(["a"], false));
  await answer(nothing);
  looks.call("thorough");
  await answer(nothing);
  void looks.look();
  await answer(nothing);
  looks.call("quick");
  expect(kinds()).toEqual(["quick", "quick", "thorough", "thorough", "thorough", "quick"]);
});

test("a look that had to wait for room is thorough", async () => {
  const { looks, kinds, answer, end } = aQueue(1);
  looks.call("quick");
  await answer(found(["a"], true));
  looks.call("quick");
  await end("a");
  expect(kinds()).toEqual(["quick", "thorough"]);
});

test("there may be more until a look has found nothing and nobody has called since", async () => {
  const { looks, answer } = aQueue();
  expect(looks.mayHaveMore).toBe(true);
  looks.call("quick");
  await answer(nothing);
  expect(looks.mayHaveMore).toBe(false);
  looks.call("quick");
  looks.call("quick");
  expect(looks.mayHaveMore).toBe(true);
  await answer(found(["a"], true));
  await answer(found(["b"], true));
  expect(looks.mayHaveMore).toBe(false);
  looks.call("quick");
  await answer(NOT_PLAIN);
  expect(looks.mayHaveMore).toBe(true);
  looks.foundEmpty(0);
  expect(looks.mayHaveMore).toBe(false);
});

test("looks at once never ask for more than there is room for", async () => {
  const { looks, counts } = aQueue(15);
  void looks.look();
  looks.call("quick");
  void looks.look();
  await setImmediate();
  expect(counts()).toEqual([10, 5, 0]);
});

test("whoever cannot be called again has all taken that there is room for, and hears what is left", async () => {
  const { looks, counts, answer } = aQueue(2);
  const looking = looks.look();
  await answer(found(["a", "b"], false));
  await answer({ jobs: [], isEmpty: false, nextDueAt: 5 });
  expect(await looking).toEqual({ jobs: [], isEmpty: false, nextDueAt: 5 });
  expect(counts()).toEqual([2, 0]);
});

test("a queue that is out of the ordinary is left to BullMQ", async () => {
  const { looks, parts, answer } = aQueue();
  looks.call("quick");
  await answer(NOT_PLAIN);
  expect(parts.leaveToBullMq).toHaveBeenCalledOnce();
  const looking = looks.look();
  await answer(NOT_PLAIN);
  expect(await looking).toBe(NOT_PLAIN);
  expect(parts.leaveToBullMq).toHaveBeenCalledOnce();
});

test("a look that fails is said, and made again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const { looks, parts, counts, asked } = aQueue();
  looks.call("quick");
  asked[0]?.reject(new Error("gone"));
  await setImmediate();
  expect(parts.onError).toHaveBeenCalledWith(new Error("gone"));
  expect(counts()).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(counts()).toEqual([10, 10]);
});

test("a delayed job is looked for when it is due", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const { looks, counts, answer } = aQueue();
  looks.call("quick");
  await answer({ jobs: [], isEmpty: true, nextDueAt: Date.now() + 300 });
  vi.advanceTimersByTime(299);
  expect(counts()).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(counts()).toHaveLength(2);
});

test("a job that is due in a month is looked for once an hour", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const { looks, counts, answer } = aQueue();
  const HOUR_MS = 3_600_000;
  const nextDueAt = Date.now() + 30 * 24 * HOUR_MS;
  looks.call("quick");
  await answer({ jobs: [], isEmpty: true, nextDueAt });
  for (let hour = 1; hour <= 3; hour++) {
    vi.advanceTimersByTime(HOUR_MS - 1);
    expect(counts()).toHaveLength(hour);
    vi.advanceTimersByTime(1);
    expect(counts()).toHaveLength(hour + 1);
    await answer({ jobs: [], isEmpty: true, nextDueAt });
  }
});

test("what a look gives after the closing goes back; the closing waits for that and for what runs", async () => {
  const { looks, parts, asked, answer, end, running } = aQueue();
  looks.call("quick");
  await answer(found(["a"], false));
  const closed = vi.fn<() => void>();
  void looks.close().then(closed);
  await end("a");
  expect(closed).not.toHaveBeenCalled();
  await answer(found(["b", "c"], false));
  expect(parts.handBack).toHaveBeenCalledExactlyOnceWith(["b", "c"]);
  expect(closed).toHaveBeenCalledOnce();
  looks.call("quick");
  expect(await looks.look()).toEqual(nothing);
  expect([asked.length, running.size]).toEqual([2, 1]);
});
