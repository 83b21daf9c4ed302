import { once } from "node:events";
import { request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@orchestrator/runtime";
import express, { type Express } from "express";
import { answerErrors, nothingHere } from "../answer-errors.ts";
import { traceId } from "../trace-id.ts";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** What the text says as JSON; undefined when it is none. */
  json: unknown;
}

export interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Sent with its length; of several parts, in chunks. */
  body?: string | Buffer | (string | Buffer)[];
}

export interface ServedApp extends AsyncDisposable {
  ask: (asked?: Asked) => Promise<Answer>;
  /** The lines of its log. */
  logged: Record<string, unknown>[];
}

/** A small app with our own beginning and end around what `add` puts between, on a port of its own. */
export async function serveApp(add: (app: Express) => void): Promise<ServedApp> {
  const logged: Record<string, unknown>[] = [];
  const write = (line: string): void => void logged.push(JSON.parse(line));
  const log = createLogger({
    service: "test",
    version: "0",
    level: "debug",
    destination: { write },
  });
  const app = express();
  app.use(traceId);
  add(app);
  app.use(nothingHere);
  app.use(answerErrors(log));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ask: async (asked = {}) => await ask(port, asked),
    logged,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** As it stands: no header is added that a test did not ask for, but for Host and the body's length. */
async function ask(port: number, { method = "GET", path = "/", headers, body }: Asked) {
  const asking = request({ host: "127.0.0.1", port, method, path, headers, agent: false });
  if (Array.isArray(body)) for (const part of body) asking.write(part);
  asking.end(Array.isArray(body) ? undefined : body);
  const [response] = await once(asking, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every answer is JSON.
    return undefined;
  }
}
