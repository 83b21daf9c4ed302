import type { DropletDetail, DropletSwitches, OrchestratorClient } from "@orchestrator/client";
import type { Command, Operand } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { UsageError } from "../usage-error.ts";

const DROPLET: Operand = {
  name: "droplet",
  description: "the droplet's name",
  completes: "droplets",
};
const RETRY_FOR_S = 3;

export const droplets: Command = {
  name: "droplets",
  summary: "List the droplets, or show one with its queue, circuit and limits",
  operands: [{ ...DROPLET, isOptional: true }],
  options: [],
  examples: [
    { line: "orchestrator droplets", description: "All of them, as we route by them" },
    { line: "orchestrator droplets echo", description: "What waits for one, and what holds it up" },
  ],
  retryForS: RETRY_FOR_S,
  run: async ({ operands: [name], client, output, signal }) => {
    if (name !== undefined) {
      const droplet = await client.droplet(name, { signal });
      output.result(droplet, (style) => describeDroplet(droplet, style));
      return EXIT.ok;
    }
    const list = await client.droplets({ signal });
    const columns = ["NAME", "ID", "STATUS", "ENDPOINT"].map((title) => ({ title }));
    const rows = list.droplets.map(({ name: one, id, status, endpoint }) =>
      [one, String(id), status, endpoint].map(plainText),
    );
    output.result(list, () => renderTable(columns, rows));
    if (list.served_from !== "registry") {
      output.note(
        `the Registry does not answer: this is the list we had (${list.served_from}, ${list.cache_status})`,
      );
    }
    return EXIT.ok;
  },
};

export const pause = switching({
  name: "pause",
  summary: "Stop calling a droplet: its tasks are taken and wait, what runs goes on",
  change: async (client, droplet, signal) => await client.pause(droplet, { signal }),
});

export const resume = switching({
  name: "resume",
  summary: "Call a paused droplet again",
  change: async (client, droplet, signal) => await client.resume(droplet, { signal }),
});

export const limits: Command = {
  name: "limits",
  summary: "Limit a droplet, over all workers together",
  description: "What is left out stays as it is; `none` lifts a limit.",
  operands: [DROPLET],
  options: [
    { name: "concurrency", value: "N", description: "Calls at a time, or none." },
    { name: "rate", value: "N/TIME", description: "Calls in a span of time, as 100/1s, or none." },
  ],
  examples: [
    {
      line: "orchestrator limits echo --concurrency 5 --rate 100/1s",
      description: "Five at a time, a hundred a second",
    },
    {
      line: "orchestrator limits echo --concurrency none --rate none",
      description: "Without limits again",
    },
  ],
  retryForS: RETRY_FOR_S,
  run: async ({ operands: [name = ""], options, client, output, signal }) => {
    const wanted = {
      ...(options.has("concurrency") && {
        concurrency:
          options.text("concurrency") === "none"
            ? null
            : (options.count("concurrency", { min: 1, max: 100_000 }) ?? null),
      }),
      ...(options.has("rate") && { rate: readRate(options.text("rate") ?? "") }),
    };
    if (Object.keys(wanted).length === 0) {
      throw new UsageError("name at least one of --concurrency and --rate");
    }
    const switches = await client.limit(name, wanted, { signal });
    output.result(switches, (style) => describeSwitches(switches, style));
    return EXIT.ok;
  },
};

export const circuit: Command = {
  name: "circuit",
  summary: "Force a droplet's circuit open or closed, or let it decide for itself",
  operands: [
    DROPLET,
    { name: "state", description: "open, closed or auto", completes: ["open", "closed", "auto"] },
  ],
  options: [],
  examples: [
    { line: "orchestrator circuit echo open", description: "Hold its tasks back" },
    { line: "orchestrator circuit echo auto", description: "Let it decide for itself again" },
  ],
  retryForS: RETRY_FOR_S,
  run: async ({ operands: [name = "", state = ""], client, output, signal }) => {
    if (state !== "open" && state !== "closed" && state !== "auto") {
      throw new UsageError(`the state must be open, closed or auto, not '${state}'`);
    }
    const switches = await client.circuit(name, state, { signal });
    output.result(switches, (style) => describeSwitches(switches, style));
    return EXIT.ok;
  },
};

interface Switch {
  name: "pause" | "resume";
  summary: string;
  change: (
    client: OrchestratorClient,
    droplet: string,
    signal: AbortSignal,
  ) => Promise<DropletSwitches>;
}

function switching({ name, summary, change }: Switch): Command {
  return {
    name,
    summary,
    operands: [DROPLET],
    options: [],
    examples: [{ line: `orchestrator ${name} echo`, description: summary }],
    retryForS: RETRY_FOR_S,
    run: async ({ operands: [droplet = ""], client, output, signal }) => {
      const switches = await change(client, droplet, signal);
      output.result(switches, (style) => describeSwitches(switches, style));
      return EXIT.ok;
    },
  };
}

const MS_OF: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `100/1s`, `5/250ms`, `none`. */
function readRate(text: string): { max: number; per_ms: number } | null {
  if (text === "none") return null;
  const match = /^(\d{1,7})\/(\d{0,7})(ms|s|m|h)$/.exec(text);
  if (match === null) throw new UsageError(`--rate must be such as 100/1s or none, not '${text}'`);
  const span = Number(match[2] || "1") * (MS_OF[match[3] ?? "s"] ?? 1);
  return { max: Number(match[1]), per_ms: span };
}

function describeDroplet(droplet: DropletDetail, style: Style): string {
  const { queue, endpoint, last_seen } = droplet;
  return [
    describeSwitches(droplet, style),
    `queue        ${queue.waiting} waiting, ${queue.delayed} delayed, ${queue.active} running`,
    `endpoint     ${plainText(endpoint)}`,
    ...(last_seen === null ? [] : [`last seen    ${last_seen}`]),
  ].join("\n");
}

function describeSwitches(switches: DropletSwitches, style: Style): string {
  const { name, paused, circuit: breaker, limits: held } = switches;
  const state = breaker.state;
  const rate = held.rate === null ? "none" : `${held.rate.max} in ${held.rate.per_ms} ms`;
  return [
    `droplet      ${style.bold(plainText(name))}`,
    `paused       ${paused ? style.yellow("yes") : "no"}`,
    `circuit      ${state === "closed" ? state : style.yellow(state)}`,
    `concurrency  ${held.concurrency ?? "no limit"}`,
    `rate         ${rate === "none" ? "no limit" : rate}`,
  ].join("\n");
}
