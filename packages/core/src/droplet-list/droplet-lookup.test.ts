import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Droplet } from "./droplet.ts";
import { indexDroplets } from "./index-droplets.ts";
import { registryPaths } from "./registry-paths.ts";
import { withRegistry } from "./with-registry.ts";

const REGISTRY_URL = "http://localhost:8000/";

function droplet(name: string, id: number | string = name): Droplet {
  const url = `http://${name.toLowerCase()}:1`;
  const rest = { version: null, status: "active", steward: null, metadata: {} } as const;
  return { id, name, url, endpoint: url, ...rest };
}

describe("the Registry as a droplet", () => {
  it("comes first when the list does not name one", () => {
    const droplets = withRegistry([droplet("echo")], REGISTRY_URL);
    expect(droplets).toEqual([
      {
        id: 1,
        name: "registry",
        url: "http://localhost:8000",
        endpoint: "http://localhost:8000",
        version: null,
        status: "active",
        steward: null,
        metadata: {},
      },
      droplet("echo"),
    ]);
  });

  it("is the one that the list names, in any case", () => {
    const droplets = [droplet("echo"), droplet("Registry", 9)];
    expect(withRegistry(droplets, REGISTRY_URL)).toEqual(droplets);
  });

  it("needs a URL that was checked at start", () => {
    expect(() => withRegistry([], "http://u:secret@h")).toThrow(
      new TypeError("REGISTRY_URL: the endpoint contains a user name or password"),
    );
  });
});

describe("a droplet in the index", () => {
  const index = indexDroplets([droplet("Echo", 7), droplet("slow", "s-1"), droplet("copy", 7)]);

  it("is found by its name in any case", () => {
    expect(index.byName("eCHO")?.id).toBe(7);
    expect(index.byName("echo ")).toBeNull();
    expect(index.byName("__proto__")).toBeNull();
  });

  it("is found by its id, as a number or as its text, the first of two", () => {
    expect(index.byId(7)?.name).toBe("Echo");
    expect(index.byId("7")?.name).toBe("Echo");
    expect(index.byId("s-1")?.name).toBe("slow");
    expect(index.byId(8)).toBeNull();
    expect(index.byId("")).toBeNull();
  });

  it("is found whatever its name", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { selector: (s) => s.toLowerCase() }), (names) => {
        const all = indexDroplets(names.map((name, id) => ({ ...droplet("x", id), name })));
        for (const [id, name] of names.entries()) {
          expect(all.byName(name.toLowerCase())?.id).toBe(id);
          expect(all.byId(String(id))?.name).toBe(name);
        }
      }),
    );
  });
});

describe("the paths of a Registry", () => {
  const known = registryPaths({ configured: null, remembered: null });

  it("are asked in the order of the contract", () => {
    expect(known).toEqual([
      "/droplets",
      "/registry/droplets",
      "/registry/discover",
      "/registry/list",
      "/getAll",
      "/registry",
    ]);
  });

  it("begin with the one that worked", () => {
    const paths = registryPaths({ configured: null, remembered: "/getAll" });
    expect(paths[0]).toBe("/getAll");
    expect(paths.toSorted()).toEqual(known.toSorted());
  });

  it("are one when it is configured, and all when an unknown one is remembered", () => {
    expect(registryPaths({ configured: "/mine", remembered: "/getAll" })).toEqual(["/mine"]);
    expect(registryPaths({ configured: null, remembered: "/old" })).toEqual(known);
  });
});
