import { json, type Endpoint } from "../endpoint.ts";
import { ECHO } from "./specimens.ts";

const FREE = {
  paused: false,
  circuit: { state: "closed" },
  limits: { concurrency: null, rate: null },
};

const listDroplets: Endpoint = {
  method: "get",
  path: "/droplets",
  id: "listDroplets",
  tag: "droplets",
  summary: "List the droplets",
  description:
    "As the Registry last told, from memory. The Registry itself is always a droplet named `registry`.",
  scope: "read",
  answers: { 200: json("DropletList", "The list as we route by it.") },
  refusals: ["REGISTRY_ERROR"],
  examples: {
    list: {
      summary: "All of them",
      status: 200,
      answer: { droplets: [{ ...ECHO, ...FREE }], cache_status: "active", served_from: "registry" },
    },
  },
};

const readDroplet: Endpoint = {
  method: "get",
  path: "/droplets/{name}",
  id: "readDroplet",
  tag: "droplets",
  summary: "Read a droplet",
  description: "With what waits for it, what holds it up, and what it last said of itself.",
  scope: "read",
  answers: { 200: json("DropletDetail", "The droplet.") },
  refusals: [["DROPLET_NOT_FOUND", 404], "REGISTRY_ERROR", "QUEUE_UNAVAILABLE"],
  examples: {
    one: {
      summary: "By name",
      path: { name: "echo" },
      status: 200,
      answer: {
        ...ECHO,
        queue: { waiting: 0, delayed: 1, active: 0 },
        ...FREE,
        last_seen: "2026-01-01T00:00:00.000Z",
        reported: { status: "active", metrics: { requests: 7 } },
      },
    },
  },
};

const dropletHeartbeat: Endpoint = {
  method: "post",
  path: "/droplets/{id}/heartbeat",
  id: "noteDropletHeartbeat",
  tag: "droplets",
  summary: "A droplet's sign of life, its id in the path",
  scope: null,
  body: "Heartbeat",
  answers: { 200: json("HeartbeatReceipt", "It is noted.") },
  refusals: ["QUEUE_UNAVAILABLE"],
  examples: {
    alive: {
      summary: "Alive, with numbers",
      path: { id: "10" },
      body: { status: "active", metrics: { requests: 7 } },
      status: 200,
      answer: { received: true, next_heartbeat_deadline: 1_767_225_660 },
    },
  },
};

type Switch = Pick<Endpoint, "method" | "id" | "summary" | "description" | "body" | "examples">;

/** What operators do to a droplet's queue: they differ by what is asked, not by what is answered. */
function switching(path: string, own: Switch): Endpoint {
  return {
    ...own,
    path: `/droplets/{name}/${path}`,
    tag: "droplets",
    scope: "operate",
    answers: { 200: json("DropletSwitches", "What holds the queue up now.") },
    refusals: [["DROPLET_NOT_FOUND", 404], "QUEUE_UNAVAILABLE"],
  };
}

const switches = [
  switching("pause", {
    method: "post",
    id: "pauseDroplet",
    summary: "Pause a droplet",
    description: "Its tasks are taken and wait; what runs goes on.",
    examples: {
      pause: {
        summary: "Stop calling it",
        path: { name: "echo" },
        status: 200,
        answer: { name: "echo", ...FREE, paused: true },
      },
    },
  }),
  switching("resume", {
    method: "post",
    id: "resumeDroplet",
    summary: "Resume a droplet",
    examples: {
      resume: {
        summary: "Call it again",
        path: { name: "echo" },
        status: 200,
        answer: { name: "echo", ...FREE },
      },
    },
  }),
  switching("limits", {
    method: "put",
    id: "limitDroplet",
    summary: "Limit a droplet",
    description:
      "Over all workers together: how many calls at a time, and how many in a span of time. What is left out stays; null lifts a limit, so that the one configured for all droplets holds again, if any. The answer has the limits in force.",
    body: "LimitsRequest",
    examples: {
      limit: {
        summary: "Five at a time, a hundred a second",
        path: { name: "echo" },
        body: { concurrency: 5, rate: { max: 100, per_ms: 1000 } },
        status: 200,
        answer: {
          name: "echo",
          ...FREE,
          limits: { concurrency: 5, rate: { max: 100, per_ms: 1000 } },
        },
      },
      lift: {
        summary: "Without limits again",
        path: { name: "echo" },
        body: { concurrency: null, rate: null },
        status: 200,
        answer: { name: "echo", ...FREE },
      },
    },
  }),
  switching("circuit", {
    method: "post",
    id: "switchCircuit",
    summary: "Force a droplet's circuit",
    description: "Open or closed whatever happens, until it is `auto` again.",
    body: "CircuitRequest",
    examples: {
      open: {
        summary: "Open",
        path: { name: "echo" },
        body: { state: "open" },
        status: 200,
        answer: { name: "echo", ...FREE, circuit: { state: "forced_open" } },
      },
      auto: {
        summary: "Let it decide for itself",
        path: { name: "echo" },
        body: { state: "auto" },
        status: 200,
        answer: { name: "echo", ...FREE },
      },
    },
  }),
];

export const dropletEndpoints = [listDroplets, readDroplet, ...switches, dropletHeartbeat];
