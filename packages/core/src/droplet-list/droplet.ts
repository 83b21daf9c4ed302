/**
 * A service of the mesh as everything behind the Registry's answer sees it. `url` and `endpoint` are
 * the same text: clients of the mesh read one or the other.
 *
 * Of what else a Registry may send only the last three fields are kept: clients are known to read
 * them, and an open set would let a Registry fill Redis, the snapshot and every answer.
 */
export interface Droplet {
  id: number | string;
  name: string;
  url: string;
  endpoint: string;
  version: string | null;
  /** Shown, never acted on: a droplet listed as `error` is called like any other. */
  status: "active" | "inactive" | "error";
  steward: string | null;
  metadata: Record<string, unknown>;
  capabilities?: string[];
  last_heartbeat?: string | number;
  updated_at?: string | number;
}

/** What makes two names one droplet. Queues, lists and lookups all compare by this. */
export function dropletKey(name: string): string {
  return name.toLowerCase();
}
