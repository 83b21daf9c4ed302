/** Written by `npm run generate` from packages/contract, so that the published package needs nothing else. */
import type { ErrorCode } from "./error-codes.ts";
export interface BatchAnswer {
  /** In the order of the request. */
  results: (
    | {
        task_id: string;
        status: "queued";
        warnings?: string[];
      }
    | {
        error: {
          code: ErrorCode;
          message: string;
          details: Record<string, unknown>;
        };
      }
  )[];
  accepted: number;
  refused: number;
}

export interface ReplayRequest {
  droplet_name?: string;
  /** Epoch seconds, created at or after. */
  since?: number | string;
  /** Epoch seconds, created before or at. */
  until?: number | string;
  status?: "success" | "error" | "timeout" | "cancelled";
  dry_run?: boolean;
}

export interface ReplayCount {
  dry_run: true;
  matched: number;
  /** When the last of them would start, from now. */
  starts_within_ms: number;
  /** How many would start in the first second, and in the busiest. */
  per_second: {
    first: number;
    most: number;
  };
}

export interface ReplayAnswer {
  dry_run: false;
  matched: number;
  replayed: number;
  /** Their input was not kept, or they are running again. */
  skipped: number;
  /** The new tasks. */
  task_ids: string[];
}
