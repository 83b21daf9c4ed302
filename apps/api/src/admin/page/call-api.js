/** The API this page belongs to, whatever prefix it is reached under: two folders above our files. */
export const API_URL = new URL("../../", import.meta.url).href;

/** Longer than the API takes to say that Redis does not answer. */
const ANSWER_MS_MAX = 15_000;

/** An answer that is no success, in words for a person. */
export class Refused extends Error {
  /** @param {string} message @param {{ code: string, status: number, traceId: string | null }} about @param {ErrorOptions} [options] */
  constructor(message, about, options = {}) {
    super(message, options);
    this.code = about.code;
    this.status = about.status;
    this.traceId = about.traceId;
  }
}

/**
 * @param {string} path below the API, without a slash in front
 * @param {{ method?: string, body?: unknown }} [request]
 * @returns {Promise<any>} the answer's JSON
 * @throws {Refused} for every other answer than 2xx, and when there was none
 */
export async function callApi(path, { method = "GET", body } = {}) {
  const answer = await fetch(new URL(path, API_URL), {
    method,
    headers: {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  }).catch((error) => {
    throw new Refused(
      "The orchestrator does not answer",
      { code: "NO_ANSWER", status: 0, traceId: null },
      { cause: error },
    );
  });
  const text = await answer.text();
  const json = parse(text);
  if (answer.ok) return json;
  throw new Refused(messageOf(json, answer.status), {
    code: json?.error?.code ?? `HTTP_${answer.status}`,
    status: answer.status,
    traceId: json?.trace_id ?? answer.headers.get("x-trace-id"),
  });
}

/** A query from what is filled in. @param {Record<string, unknown>} values */
export function queryOf(values) {
  const filled = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  const text = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

/** @param {unknown} error what `callApi` threw */
export function describeError(error) {
  if (error instanceof Refused) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

/** @param {any} json @param {number} status */
function messageOf(json, status) {
  const issues = json?.error?.details?.issues;
  if (Array.isArray(issues) && issues.length > 0) {
    return issues.map(({ path, message }) => `${path} ${message}`).join("; ");
  }
  if (status === 401) return "Sign in as an operator: reload the page";
  return json?.error?.message ?? `The answer was ${status}`;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
