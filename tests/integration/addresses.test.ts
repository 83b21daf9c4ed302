import { expect, test } from "vitest";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const shared = shareOrchestrator({ droplets: ["post"] });
const task = { droplet_name: "post", path: "/" };

test.concurrent.for(["/orchestrator", ""])(
  "everything is served under '%s', with a trailing slash or without",
  async (prefix, { expect: the }) => {
    for (const slash of ["", "/"]) {
      const submitted = await send(shared.api, `${prefix}/tasks${slash}`, {
        method: "POST",
        json: task,
      });
      the(submitted.status).toBe(200);
      const { task_id } = submitted.body as { task_id: string };

      const read = await send(shared.api, `${prefix}/tasks/${task_id}${slash}`);
      the(read.body).toMatchObject({ task_id, status: "success" });
      const listed = await send(shared.api, `${prefix}/tasks${slash}?trace_id=none`);
      the(listed.body).toEqual({ tasks: [], total: 0, limit: 100, next_cursor: null });
      for (const path of ["/droplets", "/health", "/healthz/live", "/healthz/ready"]) {
        const { status, headers } = await send(shared.api, prefix + path + slash);
        the([path, status]).toEqual([path, 200]);
        the(headers["content-type"]).toMatch(/^application\/json/);
      }
    }
  },
);

test.concurrent.for(["/", "/orchestrator", "/orchestrator/"])(
  "GET %s names the service and its links, without redirecting",
  async (path, { expect: the }) => {
    const { status, body } = await send(shared.api, path);
    the(status).toBe(200);
    the(body).toMatchObject({
      service: "orchestrator",
      version: the.any(String),
      links: { tasks: "/orchestrator/tasks", health: "/orchestrator/health" },
    });
  },
);

test.concurrent("JSON is compact: some clients of the mesh grep for it", async () => {
  const { text } = await send(shared.api, "/orchestrator/health");
  expect(text).toContain('"status":"active"');
  expect(text).not.toMatch(/": /);
});

test.concurrent("Location leads to the task from both addresses", async () => {
  for (const prefix of ["/orchestrator", ""]) {
    const { headers } = await send(shared.api, `${prefix}/tasks?wait=false`, {
      method: "POST",
      json: task,
    });
    expect((await send(shared.api, String(headers.location))).status).toBe(200);
  }
});
