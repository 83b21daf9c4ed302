import { randomUUID } from "node:crypto";
import { Queue, QueueEvents } from "bullmq";
import express from "express";
import { Redis } from "ioredis";

/**
 * The reference: what a good engineer writes in an afternoon. One queue, jobs added one by one, callers held by
 * `waitUntilFinished`; no records, no history, no metrics, no logging, nothing that survives trouble.
 */
const connection = new Redis(String(process.env["REDIS_URL"]), { maxRetriesPerRequest: null });
const queue = new Queue("naive", { connection, prefix: "naive" });
const events = new QueueEvents("naive", { connection: connection.duplicate(), prefix: "naive" });
events.setMaxListeners(0);
queue.setMaxListeners(0);
await events.waitUntilReady();

const droplets: Record<string, string> = JSON.parse(String(process.env["DROPLETS"]));
const app = express();
app.use(express.json({ limit: "1mb" }));

app.post("/orchestrator/tasks", async (request, response) => {
  const { droplet_name, method = "GET", path, payload = null } = request.body;
  const url = droplets[String(droplet_name)];
  if (url === undefined || typeof path !== "string") {
    response.status(400).json({ error: "unknown droplet or no path" });
    return;
  }
  const job = await queue.add("task", { url: url + path, method, payload }, jobOptions());
  if (request.query["wait"] === "false") {
    response.status(202).json({ task_id: job.id, status: "queued" });
    return;
  }
  const result = await job.waitUntilFinished(events, 35_000);
  response.json({ task_id: job.id, status: "success", ...result });
});

app.post("/orchestrator/tasks/batch", async (request, response) => {
  const tasks: { droplet_name: string; method: string; path: string; payload: unknown }[] =
    request.body.tasks;
  const jobs = await queue.addBulk(
    tasks.map(({ droplet_name, method, path, payload }) => ({
      name: "task",
      data: { url: String(droplets[droplet_name]) + path, method, payload },
      opts: jobOptions(),
    })),
  );
  response.status(202).json({ tasks: jobs.map(({ id }) => ({ task_id: id, status: "queued" })) });
});

function jobOptions() {
  return {
    jobId: randomUUID(),
    attempts: 4,
    backoff: { type: "exponential", delay: 1000 },
    removeOnComplete: 1000,
    removeOnFail: 1000,
  };
}

const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ event: "api.listening", port })}\n`);
});
