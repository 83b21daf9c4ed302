import type { EndedStatus } from "@orchestrator/contract";
import type { TaskInput } from "./stored-task.ts";

/** Inputs up to this size stay with an ended record, so that it can be replayed. */
const KEPT_INPUT_BYTES_MAX = 64 * 1024;

/** The input of a task that ends. */
export interface EndedInput extends TaskInput {
  /** The payload as JSON, where that was written already. */
  payloadText?: string | null;
}

/** What failed is kept whole, whatever its size, so that it can be replayed. */
export function keptInput(input: EndedInput | null, status: EndedStatus): string {
  if (input === null) return "";
  const payload = input.payloadText ?? JSON.stringify(input.payload);
  if (status === "success" && payload.length > KEPT_INPUT_BYTES_MAX) return "";
  return `{"payload":${payload},"headers":${JSON.stringify(input.headers)}}`;
}
