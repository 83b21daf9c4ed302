import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import {
  listTasks,
  readTask,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "./api-client.ts";
import { readEvents } from "./event-reader.ts";
import { operate, readDroplet } from "./operate.ts";
import { perTask, type ScriptedDroplet } from "./scripted-droplet.ts";
import { send, type Answer } from "./send.ts";
import { waitFor } from "./wait-for.ts";

/** Where the flows run: any orchestrator that knows the droplet. */
export interface FlowPlace {
  api: { url: string };
  droplet: ScriptedDroplet;
}

type Flow = (place: FlowPlace) => Promise<void>;

const post = async (api: { url: string }, path: string, json: unknown): Promise<Answer> =>
  await send(api, `/orchestrator${path}`, { method: "POST", json });

/**
 * One short walk through each thing the Orchestrator does with Redis, to be taken on a Redis of another make. What each
 * of them promises in detail is tested elsewhere; here it has to work at all.
 */
export const MAIN_FLOWS: Record<string, Flow> = {
  async "submit and wait, with a retry"({ api, droplet }) {
    const path = droplet.route(perTask([503, { json: { done: true } }]));
    const result = await submitAndWait(api, { droplet_name: droplet.name, path });
    expect(result).toMatchObject({ status: "success", retry_count: 1 });
  },

  async "submit, poll, wait for it later, list and search"({ api, droplet }) {
    const requestedBy = `by-${randomUUID()}`;
    const path = droplet.route([{ afterMs: 300, json: { done: true } }]);
    const task = { droplet_name: droplet.name, path, meta: { requested_by: requestedBy } };
    const { task_id } = await submitAsync(api, task);
    expect(await readTask(api, task_id, { wait: 20 })).toMatchObject({ status: "success" });
    await submitAsync(api, task);
    await waitFor("both to be found", async () => {
      const query = { requested_by: requestedBy, droplet_name: droplet.name, status: "success" };
      return (await listTasks(api, query)).total === 2;
    });
  },

  async "a large body is kept beside its record"({ api, droplet }) {
    const path = droplet.route([{ json: { text: "x".repeat(50_000) } }]);
    const { task_id } = await submitAndWait(api, { droplet_name: droplet.name, path });
    const { response_body } = await readTask(api, task_id);
    expect((response_body as { text?: string }).text?.length).toBe(50_000);
  },

  async "a batch"({ api, droplet }) {
    const path = droplet.route([200]);
    const tasks = Array.from({ length: 20 }, () => ({ droplet_name: droplet.name, path }));
    const { results } = (await post(api, "/tasks/batch", { tasks })).body as {
      results: { task_id: string }[];
    };
    const ended = await Promise.all(results.map(async (one) => await untilEnded(api, one.task_id)));
    expect(ended.map(({ status }) => status)).toEqual(tasks.map(() => "success"));
  },

  async "idempotency: one key, one task"({ api, droplet }) {
    const path = droplet.route([{ afterMs: 100, status: 200 }]);
    const headers = { "idempotency-key": randomUUID() };
    const same = async () =>
      await submitAndWait(api, { droplet_name: droplet.name, path }, { headers });
    const answers = await Promise.all([same(), same(), same()]);
    expect(new Set(answers.map(({ task_id }) => task_id)).size).toBe(1);
  },

  async "cancel while it runs, and replay"({ api, droplet }) {
    const path = droplet.route(["hang", 200]);
    const { task_id } = await submitAsync(api, { droplet_name: droplet.name, path });
    await waitFor("the attempt to begin", () => droplet.callsOf(task_id).length > 0);
    await send(api, `/orchestrator/tasks/${task_id}`, { method: "DELETE" });
    expect((await untilEnded(api, task_id)).status).toBe("cancelled");
    const { task_id: again } = (await post(api, `/tasks/${task_id}/retry`, {})).body as {
      task_id: string;
    };
    expect(await untilEnded(api, again)).toMatchObject({
      status: "success",
      replayed_from: task_id,
    });
  },

  async "a deadline passes while the task is delayed"({ api, droplet }) {
    const task = { droplet_name: droplet.name, path: "/", delay_ms: 60_000, deadline_ms: 60_001 };
    const delayed = await submitAsync(api, task);
    const late = await submit(api, { ...task, delay_ms: 0, deadline_ms: 1 }, { wait: false });
    const { task_id } = late.body as { task_id: string };
    expect((await untilEnded(api, task_id)).status).toBe("timeout");
    await send(api, `/orchestrator/tasks/${delayed.task_id}`, { method: "DELETE" });
    expect((await untilEnded(api, delayed.task_id)).status).toBe("cancelled");
  },

  async "events of one task and of all"({ api, droplet }) {
    await using all = await readEvents(api, "/orchestrator/tasks/events");
    const path = droplet.route([{ afterMs: 200, status: 200 }]);
    const { task_id } = await submitAsync(api, { droplet_name: droplet.name, path });
    await using own = await readEvents(api, `/orchestrator/tasks/${task_id}/events`);
    await own.untilEnd();
    expect(own.names).toEqual(["queued", "running", "success"]);
    await waitFor("the end to be told to all", () =>
      all.data.some((event) => event.task_id === task_id && event.status === "success"),
    );
  },

  async "a callback"({ api, droplet }) {
    const path = droplet.route([200]);
    const callback = { droplet_name: droplet.name, path: droplet.route([200]) };
    const { task_id } = await submitAndWait(api, { droplet_name: droplet.name, path, callback });
    await waitFor("the callback", () =>
      droplet.requests.some(
        (request) =>
          request.path === callback.path &&
          (request.json as { id?: string } | null)?.id === task_id,
      ),
    );
  },

  async "messages, sent and received, and heartbeats"({ api, droplet }) {
    const source = `source-${randomUUID().slice(0, 8)}`;
    const message = { source, target: "orchestrator", message_type: "event", payload: { n: 1 } };
    const received = await post(api, "/message", { trace_id: randomUUID(), ...message });
    expect(received.body).toMatchObject({ received: true });
    const kept = await send(api, `/orchestrator/messages?source=${source}&message_type=event`);
    expect(kept.body).toMatchObject({ total: 1 });
    const sent = await post(api, "/send", {
      target: droplet.name,
      message_type: "event",
      payload: {},
    });
    expect(sent.body).toMatchObject({ sent: true });
    const beat = await post(api, "/heartbeat", { source, status: "active", metrics: {} });
    expect(beat.body).toMatchObject({ received: true });
  },

  async "metrics, both kinds"({ api, droplet }) {
    await submitAndWait(api, { droplet_name: droplet.name, path: droplet.route([200]) });
    const json = (await send(api, "/orchestrator/metrics")).body as { tasks: { success: number } };
    expect(json.tasks.success).toBeGreaterThan(0);
    const text = await send(api, "/metrics", { headers: { accept: "text/plain" } });
    expect(text.text.includes("orchestrator_redis_up")).toBe(true);
  },

  async "limits, circuit, pause and resume, and the queue's board"({ api, droplet }) {
    const limits = { concurrency: 7, rate: { max: 1000, per_ms: 1000 } };
    await operate(api, droplet.name, "limits", limits);
    await operate(api, droplet.name, "pause");
    const path = droplet.route([200]);
    const { task_id } = await submitAsync(api, { droplet_name: droplet.name, path });
    expect(await readDroplet(api, droplet.name)).toMatchObject({ paused: true, limits });
    await operate(api, droplet.name, "resume");
    expect((await untilEnded(api, task_id)).status).toBe("success");
    await operate(api, droplet.name, "circuit", { state: "open" });
    const refused = await submit(api, { droplet_name: droplet.name, path, when_open: "fail" });
    expect(refused.status).toBe(503);
    await operate(api, droplet.name, "circuit", { state: "auto" });
    await operate(api, droplet.name, "limits", { concurrency: null, rate: null });
    const board = await send(api, "/orchestrator/admin/queues/api/queues");
    expect(board.status).toBe(200);
  },
};
