import type { LimitReason } from "@orchestrator/core";

/** Why a running attempt is aborted from our side. */
export class StopReason extends Error {
  override readonly name = "StopReason";
  readonly because: LimitReason | "cancelled" | "worker_stopping";

  constructor(because: StopReason["because"]) {
    super(because);
    this.because = because;
  }
}
