/** An answer as it was given, for a repeated delivery to get again. */
export interface GivenAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  /** Base64, so that a store may keep the whole as JSON. */
  body: string;
}

/**
 * What a key stands for. `first`: nobody has it, it is yours now. `running`: somebody is at it; `finished` resolves
 * when that ends (with null when it was given up), and is null where the store cannot tell.
 */
export type Claim =
  | { kind: "first" }
  | { kind: "running"; finished: Promise<GivenAnswer | null> | null }
  | { kind: "answered"; answer: GivenAnswer };

/**
 * Remembers deliveries. The one in memory is for a droplet of one process; several need one they share, such as
 * Redis: `SET key … NX` claims.
 */
export interface DeliveryStore {
  /** Claims the key for at most `holdMs`: a claim whose holder died must not stand for ever. */
  claim(key: string, holdMs: number): Claim | Promise<Claim>;
  /** The work is done: every later delivery gets this answer. */
  finish(key: string, answer: GivenAnswer): void | Promise<void>;
  /** The work was given up, or is worth another try: the next delivery does it. */
  release(key: string): void | Promise<void>;
}
