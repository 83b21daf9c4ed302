import type { DropletListCache, Registration } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { RegistryAddress } from "./ask-registry.ts";
import { registerSelf, type OwnEntry, type RegistrationOutcome } from "./register-self.ts";

/** A Registry that refuses, or takes us and does not list us, is asked ever more rarely, down to once an hour. */
const PAUSE_MS_MAX = 3_600_000;

const NEVER_TRIED: Registration = { isRegistered: false, attempts: 0, notBefore: 0 };

export interface SelfRegistrationOptions {
  registry: RegistryAddress;
  self: OwnEntry;
  cache: DropletListCache;
  /** The first pause is twice this. */
  syncIntervalMs: number;
  log: Logger;
}

/**
 * Keeps us on the Registry's list. Every attempt runs beside the sync, never in its way, one at a time; failing
 * is a line in the log.
 */
export class SelfRegistration implements AsyncDisposable {
  readonly #options: SelfRegistrationOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: SelfRegistrationOptions) {
    this.#options = options;
  }

  /** Tries at once, whatever came of earlier attempts: this process may say something new. */
  start(): void {
    this.#tryOnce();
  }

  /** What a sync saw: listed, or missing from an answer that came. */
  async noteSync(isListed: boolean): Promise<void> {
    const { cache } = this.#options;
    const before = (await cache.readRegistration()) ?? NEVER_TRIED;
    if (isListed) {
      const isNews = !before.isRegistered || before.attempts > 0;
      if (isNews) await cache.writeRegistration({ ...NEVER_TRIED, isRegistered: true });
      return;
    }
    if (before.isRegistered && before.attempts === 0) {
      await cache.writeRegistration({ ...before, isRegistered: false });
    }
    if (Date.now() >= before.notBefore) this.#tryOnce();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #tryOnce(): void {
    if (this.#stopping.signal.aborted) return;
    this.#running ??= this.#attempt()
      .catch((error: unknown) => {
        this.#options.log.warn({ event: "registration.failed", err: error });
      })
      .finally(() => {
        this.#running = null;
      });
  }

  async #attempt(): Promise<void> {
    const { registry, self, cache, log } = this.#options;
    const outcome = await registerSelf(registry, self, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    const before = (await cache.readRegistration()) ?? NEVER_TRIED;
    const after = this.#afterAttempt(before, outcome);
    await cache.writeRegistration(after);
    await cache.announce();
    const line = { url: registry.url, public_url: self.publicUrl };
    if (outcome.kind === "registered") {
      log.info({ event: "registration.done", ...line, via: outcome.via });
      return;
    }
    const pauseMs = Math.max(0, after.notBefore - Date.now());
    const { kind, reason } = outcome;
    log.warn({ event: "registration.failed", ...line, kind, reason, again_not_before_ms: pauseMs });
  }

  /** Nobody there is no reason for a pause: the next attempt follows a sync that got an answer. */
  #afterAttempt(before: Registration, { kind }: RegistrationOutcome): Registration {
    if (kind === "unreachable") return before;
    const attempts = before.attempts + 1;
    const pauseMs = Math.min(this.#options.syncIntervalMs * 2 ** attempts, PAUSE_MS_MAX);
    return { isRegistered: kind === "registered", attempts, notBefore: Date.now() + pauseMs };
  }
}
