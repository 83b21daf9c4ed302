import { describe, expect, it } from "vitest";
import type { Droplet } from "./droplet.ts";
import { isOurEntry, listsOthers } from "./our-entry.ts";

const PUBLIC_URL = "http://127.0.0.1:8001/";

function droplet(name: string, endpoint: string): Droplet {
  const rest = { id: 7, version: null, status: "active", steward: null, metadata: {} } as const;
  return { ...rest, name, url: endpoint, endpoint };
}

const echo = droplet("echo", "http://echo:8000");
const registry = droplet("Registry", "http://registry:8000");
const us = droplet("Orchestrator", "http://elsewhere:8001");
const usByAddress = droplet("hub", "http://127.0.0.1:8001");

describe("our own entry", () => {
  it("is known by our name in any case, or by our address", () => {
    expect([us, usByAddress].map((one) => isOurEntry(one, PUBLIC_URL))).toEqual([true, true]);
    expect([echo, registry].map((one) => isOurEntry(one, PUBLIC_URL))).toEqual([false, false]);
  });

  it("is known by name alone when our address cannot be one of a droplet", () => {
    expect([us, usByAddress].map((one) => isOurEntry(one, "http://h/?x"))).toEqual([true, false]);
  });

  it("and the Registry's are no others", () => {
    expect(listsOthers([us, usByAddress, registry], PUBLIC_URL)).toBe(false);
    expect(listsOthers([us, registry, echo], PUBLIC_URL)).toBe(true);
    expect(listsOthers([], PUBLIC_URL)).toBe(false);
  });
});
