import { anAttempt } from "@orchestrator/core/testing";
import { expect, test } from "vitest";
import { jobOf, openOurs } from "../support/queue-sides.ts";

test("who reads a task while it ends sees its large body whole, or that it has not ended", async () => {
  const { ledger, ...ours } = await openOurs();
  const job = jobOf("normal");
  const { task } = job;
  await ours.add([job]);
  const { records } = ledger;
  const read = records.read.bind(records);
  // It ends after the reader has begun to read.
  records.read = async (taskId) => {
    records.read = read;
    await ledger.begin(task, "a-worker", { isFirst: true, wasStalled: false, onUnwanted() {} });
    const attempt = anAttempt({ responseStatus: 200, retryInMs: null, decision: "done" });
    const stored = { status: 200, headers: {}, bodyBytes: 20_000 };
    const what = { task, attempt, nowMs: Date.now(), targetUrl: null, replyChannel: null };
    const end = { status: "success", error: null } as const;
    const response = { stored, wholeBody: JSON.stringify("y".repeat(20_000)) };
    await ledger.end({ ...what, end, response, input: null }, [attempt]);
    return await read(taskId);
  };
  expect(await records.show(task.id)).toMatchObject({
    status: "success",
    response_body: "y".repeat(20_000),
  });
});
