import { normaliseDropletList, registryPaths, type Droplet } from "@orchestrator/core";
import { request, type Dispatcher } from "undici";

/** More than a thousand droplets with all their metadata; a Registry gone mad must not fill our memory. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

export interface RegistryAddress {
  url: string;
  configuredPath: string | null;
  timeoutMs: number;
  headers: Record<string, string>;
  maxDroplets: number;
}

export type FetchedList =
  | {
      kind: "list";
      droplets: Droplet[];
      skipped: { where: string; reason: string }[];
      path: string;
    }
  | { kind: "failed"; reason: string };

/** Asks the Registry for its list, at the path that worked last, else at each known one. Never rejects. */
export async function fetchDropletList(
  registry: RegistryAddress,
  rememberedPath: string | null,
  dispatcher?: Dispatcher,
): Promise<FetchedList> {
  const paths = registryPaths({ configured: registry.configuredPath, remembered: rememberedPath });
  const reasons: string[] = [];
  for (const path of paths) {
    const answer = await ask(registry, path, dispatcher);
    if (answer.kind === "unreachable") return { kind: "failed", reason: answer.reason };
    if (answer.kind === "answer") {
      const { maxDroplets } = registry;
      const list = normaliseDropletList(answer.body, { maxDroplets });
      if (list.kind === "list") return { ...list, path };
      reasons.push(`${path}: ${list.reason}`);
    } else reasons.push(`${path}: ${answer.reason}`);
  }
  return { kind: "failed", reason: reasons.join("; ") };
}

type Answer =
  | { kind: "answer"; body: unknown }
  | { kind: "no_list"; reason: string }
  /** Other paths would fare no better. */
  | { kind: "unreachable"; reason: string };

async function ask(
  registry: RegistryAddress,
  path: string,
  dispatcher: Dispatcher | undefined,
): Promise<Answer> {
  try {
    const response = await request(registry.url + path, {
      headers: { accept: "application/json", ...registry.headers },
      signal: AbortSignal.timeout(registry.timeoutMs),
      ...(dispatcher && { dispatcher }),
    });
    const text = await readText(response.body);
    if (response.statusCode !== 200) {
      return { kind: "no_list", reason: `answered ${response.statusCode}` };
    }
    return parse(text);
  } catch (error) {
    return { kind: "unreachable", reason: error instanceof Error ? error.message : String(error) };
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`answered more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): Answer {
  try {
    return { kind: "answer", body: JSON.parse(text) };
  } catch {
    // An HTML page or half an answer: says nothing about the mesh.
    return { kind: "no_list", reason: "did not answer JSON" };
  }
}
