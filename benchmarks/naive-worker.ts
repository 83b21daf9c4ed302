import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { request } from "undici";

/** The other half of the reference: takes a job, calls, gives back what was answered. */
const connection = new Redis(String(process.env["REDIS_URL"]), { maxRetriesPerRequest: null });
const worker = new Worker(
  "naive",
  async ({ data }) => {
    const { statusCode, body } = await request(data.url, {
      method: data.method,
      headers: { "content-type": "application/json" },
      body: data.payload === null ? null : JSON.stringify(data.payload),
    });
    const text = await body.text();
    if (statusCode >= 500) throw new Error(`answered ${statusCode}`);
    return { response_status: statusCode, response_body: JSON.parse(text) };
  },
  { connection, prefix: "naive", concurrency: 50 },
);
await worker.waitUntilReady();
process.stdout.write(`${JSON.stringify({ event: "worker.started" })}\n`);
