/** Written by `npm run generate` from packages/contract, so that the published package needs nothing else. */
export interface DropletEntry {
  id: number | string;
  name: string;
  /** The same as endpoint. */
  url: string;
  endpoint: string;
  version: string | null;
  /** Shown, never acted on. */
  status: "active" | "inactive" | "error";
  steward: string | null;
  metadata: Record<string, unknown>;
  capabilities?: string[];
  last_heartbeat?: string | number;
  updated_at?: string | number;
}

export interface DropletList {
  droplets: {
    id: number | string;
    name: string;
    /** The same as endpoint. */
    url: string;
    endpoint: string;
    version: string | null;
    /** Shown, never acted on. */
    status: "active" | "inactive" | "error";
    steward: string | null;
    metadata: Record<string, unknown>;
    capabilities?: string[];
    last_heartbeat?: string | number;
    updated_at?: string | number;
    /** By an operator. */
    paused: boolean;
    circuit: {
      state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
    };
    limits: {
      concurrency: number | null;
      rate: {
        max: number;
        per_ms: number;
      } | null;
    };
  }[];
  cache_status: "active" | "stale" | "unavailable";
  served_from: "registry" | "cache" | "disk";
}

export interface DropletDetail {
  id: number | string;
  name: string;
  /** The same as endpoint. */
  url: string;
  endpoint: string;
  version: string | null;
  /** Shown, never acted on. */
  status: "active" | "inactive" | "error";
  steward: string | null;
  metadata: Record<string, unknown>;
  capabilities?: string[];
  last_heartbeat?: string | number;
  updated_at?: string | number;
  queue: {
    waiting: number;
    delayed: number;
    active: number;
  };
  /** By an operator. */
  paused: boolean;
  circuit: {
    state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
  };
  limits: {
    concurrency: number | null;
    rate: {
      max: number;
      per_ms: number;
    } | null;
  };
  /** Its last heartbeat to us. */
  last_seen: string | null;
  reported: {
    status: string | null;
    metrics: Record<string, unknown> | null;
  } | null;
}

export interface DropletSwitches {
  name: string;
  /** By an operator. */
  paused: boolean;
  circuit: {
    state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
  };
  limits: {
    concurrency: number | null;
    rate: {
      max: number;
      per_ms: number;
    } | null;
  };
}

export interface LimitsRequest {
  concurrency?: number | null;
  rate?: {
    max: number;
    per_ms: number;
  } | null;
}

export interface CircuitRequest {
  state: "open" | "closed" | "auto";
}

export interface AuditPage {
  /** Newest first. */
  entries: {
    id: string;
    /** Epoch seconds. */
    at: number;
    action: string;
    caller: string | null;
    remote: string | null;
    droplet: string | null;
    /** What was asked for, or what it came to. */
    details: unknown;
    trace_id: string;
  }[];
  limit: number;
}
