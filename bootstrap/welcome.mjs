import { withoutCredentials } from "./redis-ping.mjs";

/** What stands on the screen once everything answers: where things are, and something to paste. */
export function welcome({ settings, redisDescription, took }) {
  const base = `http://${settings.reachableHost}:${settings.port}`;
  const worker = `http://${settings.reachableHost}:${settings.workerPort}`;
  const places = [
    ["API", `${base}/orchestrator`],
    ["Health", `${base}/orchestrator/health`],
    ["Droplets", `${base}/orchestrator/droplets`],
    ["Queues", `${base}/orchestrator/admin/queues`],
    ["Metrics", `${base}/orchestrator/metrics`],
    ["Worker", `${worker}/healthz/ready`],
    ["Registry", registryPlace(settings)],
    ["Redis", redisDescription],
    ["Logs", settings.logFolder],
  ];
  return [
    "",
    `The Orchestrator is up after ${took}.`,
    "",
    ...places.map(([name, where]) => `  ${name.padEnd(9)} ${where}`),
    "",
    "Try it:",
    "",
    ...examples(base, settings.demo !== null).flatMap(({ comment, line }) => [
      `  # ${comment}`,
      `  ${line}`,
      "",
    ]),
    "Ctrl-C stops all of it.",
  ].join("\n");
}

function registryPlace({ registryUrl, demo }) {
  if (registryUrl !== null) return `${withoutCredentials(registryUrl)} (REGISTRY_URL)`;
  return `http://127.0.0.1:${demo.registryPort}/droplets`;
}

function examples(base, hasDemo) {
  if (!hasDemo) {
    return [
      {
        comment: "the droplets your Registry knows",
        line: `curl -s ${base}/orchestrator/droplets`,
      },
      {
        comment: "a task for the Registry itself, which is always a droplet; waits for the answer",
        line: post(base, { droplet_name: "registry", path: "/health" }),
      },
    ];
  }
  return [
    {
      comment: "waits for the answer",
      line: post(base, {
        droplet_name: "echo",
        method: "POST",
        path: "/hello",
        payload: { greeting: "hi" },
      }),
    },
    {
      comment: "fails twice, then answers: about 3 s, retry_count 2",
      line: post(base, { droplet_name: "flaky", path: "/work" }),
    },
    {
      comment: `takes 3 s, but we wait only 1 s: 202, and 'curl -s ${base}' + the Location it names tells the end`,
      line: post(base, { droplet_name: "slow", path: "/work" }, { flags: "-i", query: "?wait=1" }),
    },
  ];
}

function post(base, task, { flags = "-s", query = "" } = {}) {
  const json = JSON.stringify(task);
  return `curl ${flags} -H 'Content-Type: application/json' -d '${json}' '${base}/orchestrator/tasks${query}'`;
}
