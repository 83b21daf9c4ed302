import type { Service } from "../support/service.ts";

/** Gives a Node process an inspector on a free port of loopback: what `readMemory` asks. */
export const INSPECTED = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

export interface ProcessMemory {
  /** What the program holds on to: JavaScript objects and buffers, all garbage collected before. */
  liveMb: number;
  /** What the system has given the process; moves with the garbage collector's moods. */
  residentMb: number;
}

/** Collects a process's garbage, then reads what is left. Growth of `liveMb` is a leak; growth of RSS alone is not. */
export async function readMemory(service: Service): Promise<ProcessMemory> {
  const line = await service.waitForLog(
    ({ msg }) => msg?.startsWith("Debugger listening on") === true,
  );
  const url = /ws:\/\/\S+/.exec(line.msg ?? "")?.[0];
  if (url === undefined) throw new Error(`no inspector's address in '${line.msg}'`);
  const inspector = await Inspector.open(url);
  try {
    // The second time takes what the finalizers of the first have let go.
    await inspector.call("HeapProfiler.collectGarbage");
    await inspector.call("HeapProfiler.collectGarbage");
    const expression = "JSON.stringify(process.memoryUsage())";
    const { result } = (await inspector.call("Runtime.evaluate", { expression })) as {
      result: { value: string };
    };
    const usage = JSON.parse(result.value) as NodeJS.MemoryUsage;
    return { liveMb: mb(usage.heapUsed + usage.external), residentMb: mb(usage.rss) };
  } finally {
    inspector.close();
  }
}

/** The least of the Chrome DevTools protocol: one call at a time. */
class Inspector {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`cannot open ${url}`)));
    });
    return new Inspector(socket);
  }

  async call(method: string, params: object = {}): Promise<unknown> {
    this.#calls += 1;
    const id = this.#calls;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const listen = ({ data }: MessageEvent): void => {
      const answer = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (answer.id === id) resolve(answer.result);
    };
    this.#socket.addEventListener("message", listen);
    this.#socket.send(JSON.stringify({ id, method, params }));
    try {
      return await promise;
    } finally {
      this.#socket.removeEventListener("message", listen);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

function mb(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10;
}
