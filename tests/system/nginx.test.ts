import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { refusalOf, submit, submitAndWait, untilEnded } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { ComposeProject } from "./compose-project.ts";
import { docker, urlOf } from "./docker.ts";
import { waitPatiently } from "./wait-patiently.ts";

const image = inject("nginxImage");
const operator = { authorization: `Basic ${btoa("operator:a password of operators")}` };
const title = image ? "behind nginx" : "behind nginx (no Docker engine, or no nginx from Debian)";

/** The API is the one of a project; each example runs in a container of its own on that project's network. */
describe.skipIf(image === null)(title, () => {
  let project: ComposeProject;

  beforeAll(async () => {
    project = new ComposeProject({ OPERATOR_PASSWORD: "a password of operators" });
    await project.up();
    await project.untilRouting();
  });
  afterAll(async () => await project[Symbol.asyncDispose]());

  describe.for(["keep-prefix", "strip-prefix"])("with %s.conf", (example) => {
    const name = `${inject("systemRun")}-nginx-${randomUUID().slice(0, 8)}`;
    let proxy: { url: string };

    beforeAll(async () => {
      const start = `cp /examples/${example}.conf /etc/nginx/conf.d/ && exec nginx -g 'daemon off;'`;
      const network = ["--network", `${project.name}_default`, "--publish", "127.0.0.1::80"];
      await docker("run", "--detach", "--name", name, ...network, String(image), "sh", "-c", start);
      proxy = await urlOf(name, 80);
      await waitPatiently(
        "nginx to answer",
        async () => (await send(proxy, "/orchestrator")).status > 0,
      );
    });
    afterAll(async () => void (await docker("rm", "--force", "--volumes", name)));

    test("the service is found with and without a slash, and nowhere else", async () => {
      for (const path of ["/orchestrator", "/orchestrator/", "/orchestrator?from=test"]) {
        const { status, body } = await send(proxy, path);
        expect({ path, status, body }).toMatchObject({ status: 200, body: { links: {} } });
      }
      const health = await send(proxy, "/orchestrator/health?from=test");
      expect(health.body).toMatchObject({ status: "active" });
      expect((await send(proxy, "/tasks")).status).toBe(404);
    });

    test("a task is answered, and one that takes longer is found where Location says", async () => {
      const echo = { droplet_name: "echo", path: "/a?b=c" };
      expect(await submitAndWait(proxy, echo)).toMatchObject({ response_body: { path: "/a?b=c" } });

      const slow = await submit(proxy, { droplet_name: "slow", path: "/x" }, { wait: 0.1 });
      expect(slow.status).toBe(202);
      const location = String(slow.headers.location);
      const { status, body } = await send(proxy, location);
      expect({ status, body }).toMatchObject({ status: 200, body: { path: "/x" } });
      const { task_id: id } = slow.body as { task_id: string };
      expect(await untilEnded(proxy, id)).toMatchObject({ status: "success" });
    });

    test("an escaped slash arrives as it was sent", async () => {
      const answer = await send(proxy, "/orchestrator/tasks/no%2Fsuch");
      expect(refusalOf(answer, 404).code).toBe("TASK_NOT_FOUND");
    });

    test("a body that is too large is refused in our words", async () => {
      const payload = "x".repeat(1.5 * 1024 * 1024);
      const answer = await submit(proxy, { droplet_name: "echo", path: "/x", payload });
      expect(refusalOf(answer, 413).code).toBe("PAYLOAD_TOO_LARGE");
    });

    test("the operators' page comes with all its parts, for operators only", async () => {
      const path = "/orchestrator/admin/queues/";
      expect((await send(proxy, path)).status).toBe(401);
      const page = await send(proxy, path, { headers: operator });
      expect(page.status).toBe(200);
      const base = /<base href="([^"]+)"/.exec(page.text)?.[1] ?? path;
      const parts = [...page.text.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)];
      expect(parts.length).toBeGreaterThan(0);
      for (const [, part = ""] of parts) {
        const { pathname } = new URL(part, new URL(base, "http://proxy"));
        const { status } = await send(proxy, pathname, { headers: operator });
        expect({ pathname, status }).toEqual({ pathname, status: 200 });
      }
    });
  });
});
