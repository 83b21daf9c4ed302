import { indexDroplets, type Droplet } from "@orchestrator/core";
import { expect, test } from "vitest";
import { findTarget } from "./find-target.ts";
import { aTask } from "./testing/a-task.ts";
import { policyOf } from "./testing/call-droplet.ts";

function dropletAt(endpoint: string): Droplet {
  const described = { version: null, status: "active", steward: null, metadata: {} } as const;
  return { id: 7, name: "Echo", url: endpoint, endpoint, ...described };
}
function find(endpoint: string, path = "/x", lists: Parameters<typeof policyOf>[0] = {}) {
  const directory = indexDroplets([dropletAt(endpoint)]);
  return findTarget(aTask({ path }), directory, policyOf(lists));
}
const forbidden = (message: unknown) => ({
  kind: "none",
  outcome: { certainty: "not_sent", fault: "target_forbidden", message, status: null },
});

test("an attempt goes to the droplet's endpoint as the newest list has it", () => {
  const found = find("http://127.0.0.1:8080/base", "/a?b=c");
  expect(found.kind === "url" && found.url.href).toBe("http://127.0.0.1:8080/base/a?b=c");
});

test("a droplet is found without regard to case", () => {
  const directory = indexDroplets([dropletAt("http://127.0.0.1:8080")]);
  const task = aTask({ dropletName: "eCHO" });
  expect(findTarget(task, directory, policyOf())).toMatchObject({ kind: "url" });
});

test("a droplet that left the list is unreachable for now: it may come back", () => {
  expect(findTarget(aTask(), indexDroplets([]), policyOf())).toEqual({
    kind: "none",
    outcome: {
      certainty: "not_sent",
      fault: "unreachable",
      message: "Droplet 'Echo' is not in the list of droplets",
      status: null,
      retryAfterMs: null,
    },
  });
});

test.each([
  "http://169.254.169.254",
  "http://0.0.0.0:80",
  "http://[::]",
  "http://[fe80::1]",
  "http://224.0.0.1",
  "http://[::ffff:169.254.169.254]",
  "http://2852039166",
])("%s is never called, whatever the configuration", (endpoint) => {
  expect(find(endpoint)).toMatchObject(forbidden(expect.stringContaining("address")));
});

test("a denied network is not called, a neighbour is", () => {
  const lists = { deniedNetworks: ["10.0.0.0/8"] };
  expect(find("http://10.1.2.3", "/x", lists)).toMatchObject(
    forbidden("10.1.2.3 is in a denied network"),
  );
  expect(find("http://11.1.2.3", "/x", lists)).toMatchObject({ kind: "url" });
});

test("where hosts are listed no other is called, not even by address", () => {
  const lists = { allowedHosts: ["*.mesh.test"] };
  expect(find("http://a.mesh.test", "/x", lists)).toMatchObject({ kind: "url" });
  for (const endpoint of ["http://mesh.test", "http://elsewhere.test", "http://127.0.0.1:1"]) {
    expect(find(endpoint, "/x", lists)).toMatchObject(
      forbidden(expect.stringContaining("is not an allowed host")),
    );
  }
});

test("an allowed host that is a forbidden address stays forbidden", () => {
  const lists = { allowedHosts: ["169.254.169.254"] };
  expect(find("http://169.254.169.254", "/x", lists)).toMatchObject(
    forbidden(expect.stringContaining("link-local")),
  );
});

test("a path that leaves the base path is forbidden, also when the task was accepted before", () => {
  expect(find("http://127.0.0.1:1/base", "/../admin")).toMatchObject(
    forbidden("the path leaves the droplet's base path"),
  );
});
