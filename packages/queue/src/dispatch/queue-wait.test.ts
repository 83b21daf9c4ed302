import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { QueueWait, type Marker } from "./queue-wait.ts";

const MARKER: Marker = { member: "0", score: 0 };
const DELAYED: Marker = { member: "1", score: 123_456 };

/** A wait whose markers come when the test says so. */
function aWait() {
  const asked: (PromiseWithResolvers<Marker | null> & { timeoutS: number })[] = [];
  const callOthers = vi.fn<() => void>();
  const waitForMarker = async (timeoutS: number): Promise<Marker | null> => {
    const marker = { ...Promise.withResolvers<Marker | null>(), timeoutS };
    asked.push(marker);
    return await marker.promise;
  };
  const wait = new QueueWait({ waitForMarker, callOthers });
  return { wait, asked, callOthers };
}

/** A call ended its wait; the one for a marker goes on. */
async function aConsumerAtWork() {
  const all = aWait();
  const waiting = all.wait.wait(30);
  all.wait.call();
  await waiting;
  all.wait.startLook();
  return all;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a call ends the wait, and nobody else has to be called", async () => {
  const { wait, callOthers } = aWait();
  const waiting = wait.wait(30);
  wait.call();
  await expect(waiting).resolves.toBeNull();
  expect(wait.startLook()).toBe(false);
  expect(callOthers).not.toHaveBeenCalled();
});

test("a call that comes while a look is under way means another look", async () => {
  const { wait, asked } = aWait();
  wait.startLook();
  wait.call();
  await expect(wait.wait(30)).resolves.toBeNull();
  expect(asked).toEqual([]);
  wait.startLook();
  void wait.wait(30);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(1);
});

test("a marker ends the wait, and the look that follows passes the call on, once", async () => {
  const { wait, asked, callOthers } = aWait();
  const waiting = wait.wait(30);
  asked[0]?.resolve(DELAYED);
  await expect(waiting).resolves.toEqual(DELAYED);
  expect([wait.startLook(), wait.startLook()]).toEqual([true, false]);
  expect(callOthers).not.toHaveBeenCalled();
});

test("the wait for a marker goes on while the consumer works, and serves the next wait", async () => {
  const { wait, asked } = await aConsumerAtWork();
  const second = wait.wait(30);
  expect(asked).toHaveLength(1);
  asked[0]?.resolve(MARKER);
  await expect(second).resolves.toEqual(MARKER);
});

test("a marker that comes while nobody waits is for the others now, and for us at the next wait", async () => {
  const { wait, asked, callOthers } = await aConsumerAtWork();
  asked[0]?.resolve(MARKER);
  await vi.advanceTimersByTimeAsync(0);
  expect(callOthers).toHaveBeenCalledOnce();
  await expect(wait.wait(30)).resolves.toEqual(MARKER);
  expect(wait.startLook()).toBe(true);
});

test("a wait ends in its time although the one for a marker takes longer", async () => {
  const { wait, asked } = await aConsumerAtWork();
  const seen = vi.fn<(marker: Marker | null) => void>();
  void wait.wait(2).then(seen);
  await vi.advanceTimersByTimeAsync(1999);
  expect(seen).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toHaveBeenCalledExactlyOnceWith(null);
  expect(asked).toHaveLength(1);
});

test("a wait for a marker that runs out is asked for again", async () => {
  const { wait, asked } = aWait();
  const first = wait.wait(5);
  asked[0]?.resolve(null);
  await expect(first).resolves.toBeNull();
  void wait.wait(7);
  expect(asked.map(({ timeoutS }) => timeoutS)).toEqual([5, 7]);
});

test("trouble reaches who waits", async () => {
  const { wait, asked } = aWait();
  const waiting = wait.wait(30);
  asked[0]?.reject(new Error("closed"));
  await expect(waiting).rejects.toThrow("closed");
});

test("after trouble while nobody waited the next wait asks again", async () => {
  const { wait, asked } = await aConsumerAtWork();
  asked[0]?.reject(new Error("closed"));
  await vi.advanceTimersByTimeAsync(0);
  void wait.wait(30);
  expect(asked).toHaveLength(2);
});
