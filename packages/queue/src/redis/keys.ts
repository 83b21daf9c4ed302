/**
 * Every Redis key and channel we use, named in one place.
 *
 * The part in braces is the hash tag: it decides the slot in a Redis Cluster. All keys of one task share the
 * tag of its id, lists over all tasks share `{all}`, and each droplet's queue has a tag of its own, so that
 * load spreads over the slots and every script stays within one.
 */
export class Keys {
  /** BullMQ's `prefix` option; it adds `:{d-name}:…` itself. */
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** What the keys of all records begin with; a script appends the id and a brace. */
  get records(): string {
    return `${this.prefix}:task:{`;
  }

  record(taskId: string): string {
    return `${this.records}${taskId}}`;
  }

  /** The whole response body, when it is too large for the record. */
  body(taskId: string): string {
    return `${this.prefix}:task:{${taskId}}:body`;
  }

  /** Channels of API processes that asked to be told of the end. */
  watchers(taskId: string): string {
    return `${this.prefix}:task:{${taskId}}:watchers`;
  }

  /** @param name hash of the caller and the Idempotency-Key */
  claim(name: string): string {
    return `${this.prefix}:claim:{${name}}`;
  }

  /** What all keys of lists over all tasks begin with; scripts append to it. */
  get all(): string {
    return `${this.prefix}:{all}:`;
  }

  get dropletList(): string {
    return `${this.all}droplets`;
  }

  get registryState(): string {
    return `${this.all}registry`;
  }

  /** Whether the Registry lists us. */
  get registration(): string {
    return `${this.all}registration`;
  }

  /** When droplets last gave a sign of life; `:seen` beside it orders them by time. */
  get heartbeats(): string {
    return `${this.all}heartbeats`;
  }

  /** What all keys of received messages begin with; scripts append to it. */
  get messages(): string {
    return `${this.prefix}:{messages}:`;
  }

  /** BullMQ's: what all keys of a droplet's queue begin with. */
  queue(dropletName: string): string {
    return `${this.prefix}:${queueNameOf(dropletName)}:`;
  }

  /** BullMQ's: the job of a task. */
  job(dropletName: string, taskId: string): string {
    return `${this.queue(dropletName)}${taskId}`;
  }

  /** BullMQ's: there while a worker holds the job of a task. */
  jobLock(dropletName: string, taskId: string): string {
    return `${this.job(dropletName, taskId)}:lock`;
  }

  /** Droplets (lower case) whose queue may hold a task that has not ended. */
  get busyDroplets(): string {
    return `${this.all}busy`;
  }

  get workers(): string {
    return `${this.all}workers`;
  }

  /** Written only to see whether Redis takes writes. */
  get pulse(): string {
    return `${this.all}pulse`;
  }

  get deadlines(): string {
    return `${this.all}deadlines`;
  }

  /** Tasks that somebody is ending without holding their job, by when that began (ms). */
  get endings(): string {
    return `${this.all}endings`;
  }

  /** Held by the process that looks for what others left unfinished. */
  get reconcilerLock(): string {
    return `${this.all}reconciler`;
  }

  /** What the newest worker was started with and every process goes by. */
  get settings(): string {
    return `${this.all}settings`;
  }

  /** Droplets (lower case) that have a queue, by when they were last listed or busy (ms). */
  get queues(): string {
    return `${this.all}queues`;
  }

  /** Capped stream of what happened to tasks. */
  get events(): string {
    return `${this.all}events`;
  }

  /** Capped stream of what operators did. */
  get audit(): string {
    return `${this.all}audit`;
  }

  /** Circuit, pause and limits of each droplet. */
  get switches(): string {
    return `${this.all}switches`;
  }

  get switchesChannel(): string {
    return `${this.prefix}:switches-changed`;
  }

  get dropletListChannel(): string {
    return `${this.prefix}:droplets-changed`;
  }

  /** Queues, by what all their keys begin with, that are paused or limited. */
  get restrictedQueues(): string {
    return `${this.all}${RESTRICTED}`;
  }

  /** Every worker hears on it that queues which were empty have jobs. */
  get jobsAddedChannel(): string {
    return `${this.all}${JOBS_ADDED}`;
  }

  /** Every worker hears on it that a running task is to be cancelled. */
  get cancelChannel(): string {
    return `${this.prefix}:cancel-wished`;
  }

  /** The one channel on which an API process hears that tasks ended. */
  endedChannel(processId: string): string {
    return `${this.prefix}:ended:${processId}`;
  }
}

/** What follows `all` in the name of `jobsAddedChannel`. */
export const JOBS_ADDED = "jobs-added";

/** What follows `all` in the name of `restrictedQueues`. */
export const RESTRICTED = "restricted";

const DROPLET_QUEUE = /^\{d-(.*)\}$/;

const PLAIN_NAME = /^[a-z0-9._-]*$/;

/**
 * A droplet's queue: `{d-` + its lower-cased name with every byte outside [a-z0-9._-] percent-encoded + `}`.
 * Names that differ only by case are one droplet. BullMQ refuses `:`, which this encodes.
 */
export function queueNameOf(dropletName: string): string {
  const name = dropletName.toLowerCase();
  // Most names need no encoding, and this runs for every droplet at every look at the list.
  if (PLAIN_NAME.test(name)) return `{d-${name}}`;
  const bytes = new TextEncoder().encode(name);
  const encoded = Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return /[a-z0-9._-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  });
  return `{d-${encoded.join("")}}`;
}

/** The lower-cased droplet name behind a queue's name, null for queues that are not a droplet's. */
export function dropletOfQueue(queueName: string): string | null {
  const encoded = DROPLET_QUEUE.exec(queueName)?.[1];
  return encoded === undefined ? null : decodeURIComponent(encoded);
}

/** Our own queues. */
export const REGISTRY_SYNC_QUEUE = "{sys-registry-sync}";
