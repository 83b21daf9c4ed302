import type { Option } from "./command.ts";
import type { OptionValues } from "./option-values.ts";
import { said } from "./said.ts";

const STATUSES = ["queued", "running", "success", "error", "timeout", "cancelled"] as const;

const droplet: Option = { name: "droplet", value: "NAME", description: "Tasks for this droplet." };
const status: Option = {
  name: "status",
  value: "STATUS",
  choices: STATUSES,
  description: "Tasks in this state.",
};
const times: Option[] = [
  { name: "since", value: "TIME", description: "Created at or after: 2h (ago), or a date." },
  { name: "until", value: "TIME", description: "Created before or at." },
];

/** Which tasks a stream of events is about. */
export const EVENT_FILTERS: readonly Option[] = [
  droplet,
  status,
  { name: "requested-by", value: "WHO", description: "Tasks whose meta names this requester." },
  { name: "trace-id", value: "ID", description: "Tasks of this trace." },
];

/** Which tasks a list is about. */
export const LIST_FILTERS: readonly Option[] = [...EVENT_FILTERS, ...times];

/** Which tasks a bulk replay is about. */
export const REPLAY_FILTERS: readonly Option[] = [
  droplet,
  {
    ...status,
    choices: STATUSES.slice(2),
    description: "Tasks that ended so; error and timeout unless given.",
  },
  ...times,
];

export function readEventFilter(options: OptionValues) {
  return said({
    droplet_name: options.text("droplet"),
    status: options.choice("status", STATUSES),
    requested_by: options.text("requested-by"),
    trace_id: options.text("trace-id"),
  });
}

export function readListFilter(options: OptionValues) {
  const now = Date.now();
  return {
    ...readEventFilter(options),
    ...said({
      since: options.epochSeconds("since", now),
      until: options.epochSeconds("until", now),
    }),
  };
}

export function readReplayFilter(options: OptionValues) {
  const now = Date.now();
  return said({
    droplet_name: options.text("droplet"),
    status: options.choice("status", ["success", "error", "timeout", "cancelled"]),
    since: options.epochSeconds("since", now),
    until: options.epochSeconds("until", now),
  });
}
