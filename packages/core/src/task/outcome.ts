/**
 * What is certain about an attempt, judged from what happened on the socket: the droplet answered,
 * nothing was handed to the network, or something was and no answer came.
 */
export type Certainty = "responded" | "not_sent" | "sent_no_response";

/** What went wrong with an attempt apart from the droplet's own answer. */
export type Fault =
  /** DNS failure, no connection, reset, or the droplet is not in the list. */
  | "unreachable"
  /** The attempt's own limit passed. */
  | "attempt_timeout"
  /** `timeout_ms` of the whole task passed. */
  | "time_up"
  /** `deadline_ms` passed. */
  | "deadline"
  | "cancelled"
  | "response_too_large"
  | "bad_response"
  | "target_forbidden";

/** What an attempt told us: a value, whatever the network did. */
export interface Outcome {
  certainty: Certainty;
  fault: Fault | null;
  /** In words, for the record; null when the droplet answered in full. */
  message: string | null;
  /** The droplet's HTTP status as far as it was read. */
  status: number | null;
  /** The droplet's wish for the next attempt, in ms from now. */
  retryAfterMs: number | null;
}
