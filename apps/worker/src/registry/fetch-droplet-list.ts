import { normaliseDropletList, registryPaths, type Droplet } from "@orchestrator/core";
import { askRegistry, type RegistryAddress } from "./ask-registry.ts";

const REASON_LENGTH_MAX = 1000;

export type FetchedList =
  | {
      kind: "list";
      droplets: Droplet[];
      skipped: { where: string; reason: string }[];
      path: string;
    }
  /** `listsNobody`: it answered in JSON, but no droplet is in it, as after a restart without its data. */
  | { kind: "failed"; reason: string; listsNobody: boolean };

/** Asks the Registry for its list, at the path that worked last, else at each known one. Never rejects. */
export async function fetchDropletList(
  registry: RegistryAddress,
  rememberedPath: string | null,
): Promise<FetchedList> {
  const { configuredPath, maxDroplets } = registry;
  const paths = registryPaths({ configured: configuredPath, remembered: rememberedPath });
  const reasons: string[] = [];
  let listsNobody = false;
  for (const path of paths) {
    const answer = await askRegistry(registry, { method: "GET", path });
    // Other paths would fare no better.
    if (answer.kind === "unreachable") return failed([...reasons, answer.reason], listsNobody);
    const body = answer.status === 200 ? parse(answer.text) : undefined;
    if (answer.status !== 200) reasons.push(`${path}: answered ${answer.status}`);
    else if (body === undefined) reasons.push(`${path}: did not answer JSON`);
    else {
      const list = normaliseDropletList(body, { maxDroplets });
      if (list.kind === "list") return { ...list, path };
      reasons.push(`${path}: ${list.reason}`);
      listsNobody = true;
    }
  }
  return failed(reasons, listsNobody);
}

function failed(reasons: string[], listsNobody: boolean): FetchedList {
  return { kind: "failed", reason: reasons.join("; ").slice(0, REASON_LENGTH_MAX), listsNobody };
}

/** Undefined for an HTML page or half an answer: that says nothing about the mesh. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
