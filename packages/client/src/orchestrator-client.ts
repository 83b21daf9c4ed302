import { awaitEnd, type AwaitOptions } from "./await-end.ts";
import { contractAnswer } from "./contract-answer.ts";
import type {
  AuditPage,
  CircuitRequest,
  DropletDetail,
  DropletList,
  DropletSwitches,
  LimitsRequest,
} from "./contract/droplets.ts";
import type { ReplayAnswer, ReplayCount, ReplayRequest } from "./contract/many-tasks.ts";
import type { Health, Info, MetricsAnswer, State, Version } from "./contract/service.ts";
import type {
  TaskExplanation,
  TaskPage,
  TaskRecord,
  TaskRequest,
  TaskResult,
} from "./contract/tasks.ts";
import { isRefused } from "./orchestrator-error.ts";
import type { Answer } from "./read-answer.ts";
import {
  sendTask,
  submitAndAwait,
  type SubmitAndWaitOptions,
  type SubmitOptions,
  type Submitted,
} from "./submission.ts";
import { submitMany, type BatchItem, type BatchOptions, type BatchOutcome } from "./submit-many.ts";
import { Transport, type Call, type TransportOptions } from "./transport.ts";
import { watchEvents, type WatchedEvent, type WatchOptions } from "./watch-events.ts";

export interface TaskFilter {
  status?: TaskRecord["status"];
  droplet_name?: string;
  requested_by?: string;
  trace_id?: string;
}

export interface ListOptions extends TaskFilter {
  /** Epoch seconds, created at or after. */
  since?: number;
  /** Epoch seconds, created before or at. */
  until?: number;
  /** 1 to 1,000; 100 unless given. */
  limit?: number;
  /** `next_cursor` of the page before. */
  cursor?: string;
}

interface Abortable {
  signal?: AbortSignal | undefined;
}

/**
 * The Orchestrator as a caller sees it. Every method takes a `signal` and throws its reason when it is aborted; all
 * of them throw `RefusedError`, `UnreachableError` and `UnexpectedAnswerError`, whose `code` tells them apart.
 *
 *     const orchestrator = new OrchestratorClient({ url: "http://localhost:8001" });
 *     const result = await orchestrator.submitAndWait({ droplet_name: "echo", path: "/hello" });
 */
export class OrchestratorClient {
  readonly #transport: Transport;

  /** @throws {TypeError} for a URL that cannot be one */
  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
  }

  /** Submits a task and comes back as soon as it is taken. */
  async submit(task: TaskRequest, options: SubmitOptions = {}): Promise<Submitted> {
    return (await sendTask(this.#transport, task, 0, options)).answer;
  }

  /**
   * Submits a task and follows it to its end, over lost answers and restarts of the service. How it ended is in the
   * result, not thrown: `expectSuccess` does that. @throws {StillRunningError} after `maxWaitMs`; the task goes on
   */
  async submitAndWait(task: TaskRequest, options: SubmitAndWaitOptions = {}): Promise<TaskResult> {
    return await submitAndAwait(this.#transport, task, options);
  }

  /** Waits for the end of a task. @throws {StillRunningError} after `maxWaitMs` */
  async poll(taskId: string, options: AwaitOptions = {}): Promise<TaskRecord> {
    return await awaitEnd(this.#transport, taskId, options);
  }

  /** Follows one task to its end, or all that match from now on, over broken connections. */
  watch(
    task: string | TaskFilter,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchedEvent, void, undefined> {
    return typeof task === "string"
      ? watchEvents(
          this.#transport,
          `/tasks/${encodeURIComponent(task)}/events`,
          {},
          {
            ...options,
            endsWithTask: true,
          },
        )
      : watchEvents(this.#transport, "/tasks/events", task, { ...options, endsWithTask: false });
  }

  /** Submits any number of tasks, each under a key of its own, and gives what became of each as it is known. */
  batch(
    items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
    options: BatchOptions = {},
  ): AsyncGenerator<BatchOutcome, void, undefined> {
    return submitMany(this.#transport, items, options);
  }

  /** How a task would be treated; nothing is made. */
  async explain(task: TaskRequest, { signal }: Abortable = {}): Promise<TaskExplanation> {
    const call = { path: "/tasks", query: { dry_run: true }, json: task, signal };
    return await this.#ask({ method: "POST", repeatability: "safe", ...call });
  }

  async get(taskId: string, { signal }: Abortable = {}): Promise<TaskRecord> {
    return await this.#read(taskPath(taskId), {}, signal);
  }

  /** One page, newest first. */
  async list(options: ListOptions = {}, { signal }: Abortable = {}): Promise<TaskPage> {
    return await this.#read("/tasks", options, signal);
  }

  /** All that match, page by page. */
  async *listAll(
    options: ListOptions = {},
    { signal }: Abortable = {},
  ): AsyncGenerator<TaskRecord, void, undefined> {
    let cursor = options.cursor;
    do {
      const page = await this.list({ ...options, ...(cursor && { cursor }) }, { signal });
      yield* page.tasks;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** Cancels a task. One that runs is still `running` in what you get: its request is being aborted. */
  async cancel(taskId: string, { signal }: Abortable = {}): Promise<TaskRecord> {
    try {
      const path = taskPath(taskId);
      return await this.#ask({ method: "DELETE", path, repeatability: "safe", signal });
    } catch (error) {
      // Our first try may have done it and its answer was lost.
      const isDone = isRefused(error, "TASK_FINISHED") && error.details["status"] === "cancelled";
      if (isDone) return await this.get(taskId, { signal });
      throw error;
    }
  }

  /** Runs an ended task again, as a new one. Not repeated once it may have been made: it would be made twice. */
  async replay(taskId: string, { signal }: Abortable = {}): Promise<Submitted> {
    const path = `${taskPath(taskId)}/retry`;
    return await this.#ask({ method: "POST", path, repeatability: "unsafe", signal });
  }

  /** Runs all ended tasks that match again, slowly at first; without a status those that failed. */
  async replayAll(
    filter: Omit<ReplayRequest, "dry_run">,
    { signal }: Abortable = {},
  ): Promise<ReplayAnswer> {
    const call = { path: "/tasks/retry", json: filter, signal };
    return await this.#ask({ method: "POST", repeatability: "unsafe", ...call });
  }

  /** How many tasks `replayAll` would be for. */
  async countReplays(
    filter: Omit<ReplayRequest, "dry_run">,
    { signal }: Abortable = {},
  ): Promise<ReplayCount> {
    const call = { path: "/tasks/retry", json: { ...filter, dry_run: true }, signal };
    return await this.#ask({ method: "POST", repeatability: "safe", ...call });
  }

  async droplets({ signal }: Abortable = {}): Promise<DropletList> {
    return await this.#read("/droplets", {}, signal);
  }

  async droplet(name: string, { signal }: Abortable = {}): Promise<DropletDetail> {
    return await this.#read(dropletPath(name), {}, signal);
  }

  /** Its tasks are taken and wait; what runs goes on. */
  async pause(name: string, { signal }: Abortable = {}): Promise<DropletSwitches> {
    return await this.#switch("POST", `${dropletPath(name)}/pause`, {}, signal);
  }

  async resume(name: string, { signal }: Abortable = {}): Promise<DropletSwitches> {
    return await this.#switch("POST", `${dropletPath(name)}/resume`, {}, signal);
  }

  /** Over all workers together. What is left out stays; null lifts a limit. */
  async limit(
    name: string,
    limits: LimitsRequest,
    { signal }: Abortable = {},
  ): Promise<DropletSwitches> {
    return await this.#switch("PUT", `${dropletPath(name)}/limits`, limits, signal);
  }

  /** Forces a droplet's circuit open or closed until it is `auto` again. */
  async circuit(
    name: string,
    state: CircuitRequest["state"],
    { signal }: Abortable = {},
  ): Promise<DropletSwitches> {
    return await this.#switch("POST", `${dropletPath(name)}/circuit`, { state }, signal);
  }

  /** What operators did, newest first. @param limit 1 to 1,000 */
  async audit(limit = 100, { signal }: Abortable = {}): Promise<AuditPage> {
    return await this.#read("/admin/audit", { limit }, signal);
  }

  async health({ signal }: Abortable = {}): Promise<Health> {
    return await this.#read("/health", {}, signal);
  }

  async state({ signal }: Abortable = {}): Promise<State> {
    return await this.#read("/state", {}, signal);
  }

  async info({ signal }: Abortable = {}): Promise<Info> {
    return await this.#read("/info", {}, signal);
  }

  async version({ signal }: Abortable = {}): Promise<Version> {
    return await this.#read("/version", {}, signal);
  }

  async metrics({ signal }: Abortable = {}): Promise<MetricsAnswer> {
    return await this.#read("/metrics", {}, signal);
  }

  /** Anything else the API offers. */
  async request(call: Call): Promise<Answer> {
    return await this.#transport.call(call);
  }

  async #read<Body>(path: string, query: object, signal: AbortSignal | undefined): Promise<Body> {
    return await this.#ask({ method: "GET", path, query, repeatability: "safe", signal });
  }

  /** Setting a switch twice is setting it once. */
  async #switch(
    method: "POST" | "PUT",
    path: string,
    json: object,
    signal: AbortSignal | undefined,
  ): Promise<DropletSwitches> {
    return await this.#ask({ method, path, json, repeatability: "safe", signal });
  }

  async #ask<Body>(call: Call): Promise<Body> {
    return contractAnswer<Body>((await this.#transport.call(call)).body);
  }
}

function taskPath(taskId: string): string {
  return `/tasks/${encodeURIComponent(taskId)}`;
}

function dropletPath(name: string): string {
  return `/droplets/${encodeURIComponent(name)}`;
}
