import { html } from "./htm-preact.js";
import { plural, showDuration, showExactTime, showTime } from "./show-values.js";

/** @type {Record<string, string>} */
const OUTCOMES = {
  responded: "the droplet answered",
  not_sent: "nothing was sent: certain",
  sent_no_response: "sent, no answer: it may have been done",
};

/** Each call that was made, when, how long, what came of it, and why it was tried again or not. @param {{ task: any, settings: any }} of */
export function AttemptTimeline({ task, settings }) {
  const { attempts } = task;
  return html`<section aria-labelledby="attempts">
    <h2 id="attempts">Attempts</h2>
    ${attempts.length === 0 && html`<p class="empty">${task.status === "running" ? "The first call is under way." : task.completed_at === null ? `It waits for its turn${settings?.delay_ms > 0 ? ", not before its delay is over" : ""}. See whether the droplet is paused.` : "The droplet was never called."}</p>`}
    ${attempts.length > 0 && html`<${Chart} task=${task} />`}
    <ol class="attempts">
      ${attempts.map((/** @type {any} */ attempt) => html`<${AttemptEntry} key=${attempt.number} attempt=${attempt} />`)}
      ${task.status === "running" && attempts.length > 0 && html`<li class="attempt">Attempt ${attempts.length + 1} is under way.</li>`}
    </ol>
  </section>`;
}

/** @param {{ attempt: any }} of */
function AttemptEntry({ attempt }) {
  const isGood = attempt.response_status !== null && attempt.response_status < 400;
  const what =
    attempt.response_status === null
      ? (attempt.error ?? attempt.outcome)
      : `HTTP ${attempt.response_status}`;
  return html`<li class=${`attempt ${isGood ? "good" : "bad"}`}>
    <p class="attempt-head">
      <strong>${attempt.number}. ${what}</strong>
      <span>${showDuration(attempt.duration_ms)}</span>
      <time datetime=${showExactTime(attempt.started_at)} title=${showExactTime(attempt.started_at)}
        >${showTime(attempt.started_at)}</time
      >
      <span class="quiet-text">${OUTCOMES[attempt.outcome]}</span>
    </p>
    <p>${attempt.decision}</p>
  </li>`;
}

/** The attempts as bars on one line of time: gaps are waits. @param {{ task: any }} of */
function Chart({ task }) {
  const { attempts } = task;
  const start = attempts[0].started_at;
  const last = attempts.at(-1);
  const end = Math.max(
    start + 0.001,
    ...attempts.map(
      (/** @type {any} */ { started_at, duration_ms }) => started_at + duration_ms / 1000,
    ),
    task.next_attempt_at ?? 0,
  );
  const x = (/** @type {number} */ at) => ((at - start) / (end - start)) * 1000;
  const label = `${plural(attempts.length, "attempt")} within ${showDuration((end - start) * 1000)}; the last gave ${last.response_status ?? last.error}`;
  return html`<figure class="timeline">
    <svg viewBox="0 0 1000 28" preserveAspectRatio="none" role="img" aria-label=${label}>
      <line class="base" x1="0" x2="1000" y1="14" y2="14" />
      ${attempts.map((/** @type {any} */ { number, started_at, duration_ms, response_status }) => {
        const width = Math.max(4, (duration_ms / 1000 / (end - start)) * 1000);
        const isGood = response_status !== null && response_status < 400;
        return html`<rect
          key=${number}
          class=${isGood ? "good" : "bad"}
          x=${Math.min(x(started_at), 1000 - width)}
          y="4"
          width=${width}
          height="20"
          rx="2"
        />`;
      })}
    </svg>
    <figcaption>
      <span>${showTime(start)}</span><span>+ ${showDuration((end - start) * 1000)}</span>
    </figcaption>
  </figure>`;
}
