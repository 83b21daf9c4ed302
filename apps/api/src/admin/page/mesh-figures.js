import { html } from "./htm-preact.js";
import { plural, showAge, showCount, showDuration, showPercent } from "./show-values.js";
import { SparkLine } from "./spark-line.js";
import { linkTo } from "./use-route.js";

/** @type {Record<string, string>} */
const TONES = {
  healthy: "good",
  active: "good",
  degraded: "warn",
  stale: "warn",
  unhealthy: "bad",
  unavailable: "bad",
};

/**
 * What everything stands on, and how much goes through it.
 * @param {{ health: any, metrics: any, workers: any[] }} of
 */
export function MeshFigures({ health, metrics, workers }) {
  if (health === null || metrics === null) return null;
  const { redis, registry, cache } = health.dependencies;
  const { recent, tasks } = metrics;
  return html`<${Verdict} health=${health} isStale=${metrics.stale} />
    <section class="figures" aria-label="State of the orchestrator">
      <${Figure} label="Redis" tone=${TONES[redis.status]} value=${redis.status} />
      <${Figure}
        label="Registry"
        tone=${TONES[registry.status]}
        value=${registry.status}
        note=${registry.error ?? ""}
      />
      <${Figure}
        label="Droplet list"
        tone=${TONES[cache.status]}
        value=${plural(cache.droplet_count, "droplet")}
        note=${`synced ${showAge(cache.age_seconds)}`}
      />
      <${Figure}
        label="Workers"
        tone=${workers.length > 0 ? "good" : "bad"}
        value=${workers.length > 0 ? `${workers.length} alive` : "none alive"}
        note=${workers.length > 0 ? `${workers.reduce((sum, { running }) => sum + running, 0)} calls under way` : "tasks are taken and wait"}
      />
      <${Flow} recent=${recent} tasks=${tasks} />
    </section>`;
}

/** How much goes through, and how well. @param {{ recent: any, tasks: any }} of */
function Flow({ recent, tasks }) {
  return html`<${Figure}
      label="Waiting"
      value=${showCount(tasks.queued)}
      note=${`${showCount(tasks.running)} running`}
      href=${linkTo(["tasks"], { status: "queued" })}
    />
    <${Figure}
      label="Errors, 5 min"
      tone=${recent.error_rate_percent >= 5 ? "bad" : "good"}
      value=${showPercent(recent.error_rate_percent)}
      note=${`${showCount(recent.failed)} of ${plural(recent.ended, "task")}`}
      href=${linkTo(["failed"])}
    />
    <${Figure}
      label="Duration, 5 min"
      value=${showDuration(recent.p50_response_time_ms)}
      note=${`p95 ${showDuration(recent.p95_response_time_ms)}`}
    />
    <div class="figure wide">
      <div>
        <p class="label">Tasks a second, 5 min</p>
        <p class="value">${recent.per_second.toFixed(recent.per_second < 10 ? 1 : 0)}</p>
      </div>
      <${SparkLine} points=${recent.points} />
    </div>`;
}

/** @param {{ label: string, value: string, note?: string, tone?: string, href?: string }} of */
function Figure({ label, value, note = "", tone, href }) {
  return html`<div class="figure">
    <p class="label">
      ${tone && html`<span class=${`lamp ${tone}`} aria-hidden="true"></span>`}${label}
    </p>
    <p class="value">${href ? html`<a href=${href}>${value}</a>` : value}</p>
    ${note !== "" && html`<p class="note">${note}</p>`}
  </div>`;
}

/** One sentence first: whether somebody has to do something. @param {{ health: any, isStale: boolean }} of */
function Verdict({ health, isStale }) {
  const { redis, registry, cache, workers } = health.dependencies;
  const troubles = [];
  if (redis.status !== "healthy") troubles.push("Redis does not answer: no task can be taken.");
  else if (workers.count === 0)
    troubles.push("No worker is alive: tasks are taken, and wait for one.");
  if (cache.status === "unavailable")
    troubles.push("There is no droplet list yet: tasks are refused.");
  else if (registry.status !== "healthy")
    troubles.push("The Registry does not answer; tasks go by the last list.");
  if (isStale) troubles.push("The numbers below are the last there were.");
  if (troubles.length === 0)
    return html`<p class="verdict">
      <span class="lamp good" aria-hidden="true"></span> All parts answer.
    </p>`;
  return html`<div class="notice bad" role="alert">
    ${troubles.map((trouble) => html`<p>${trouble}</p>`)}
  </div>`;
}
