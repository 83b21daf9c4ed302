import { z } from "zod";
import { DropletReference } from "./message.ts";

const METRICS_BYTES_MAX = 4096;

const byteLength = (value: unknown): number =>
  new TextEncoder().encode(JSON.stringify(value)).byteLength;

/** What POST /heartbeat takes; who sends it may be said in any of the mesh's ways, or in the path. */
export const Heartbeat = z.object({
  status: z.string().max(64).nullish(),
  metrics: z
    .record(z.string(), z.unknown())
    .refine((metrics) => byteLength(metrics) <= METRICS_BYTES_MAX, {
      message: `must be at most ${METRICS_BYTES_MAX} bytes of JSON`,
    })
    .nullish(),
  source: DropletReference.nullish(),
  name: DropletReference.nullish(),
  droplet_name: DropletReference.nullish(),
  id: DropletReference.nullish(),
  droplet_id: DropletReference.nullish(),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** The answer to a heartbeat. */
export const HeartbeatReceipt = z.object({
  received: z.literal(true),
  next_heartbeat_deadline: z.number().int().describe("Epoch seconds."),
});
export type HeartbeatReceipt = z.infer<typeof HeartbeatReceipt>;
