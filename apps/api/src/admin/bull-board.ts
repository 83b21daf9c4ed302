import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import { requireScope } from "../access/enforce-scope.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { queueNameOf, type Store } from "@orchestrator/queue";
import { periodically, type Logger, type Redaction } from "@orchestrator/runtime";
import { Router, type Express } from "express";

/** How often the board is brought in line when no message did it: after Redis was away, say. */
const FOLLOW_MS = 2000;

/** A payload is shown up to this many characters. */
const SHOWN_CHARS_MAX = 5000;

/** The link to its documentation leads out of the network. */
const LOOKS = { boardTitle: "Orchestrator queues", hideDocsLink: true };

/** It has styles within its page, and asks for fonts from the internet: it does without those. */
const BOARD_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export interface QueueBoard extends AsyncDisposable {
  router: Router;
}

/**
 * Bull Board over every droplet's queue, read-only: its own actions would bypass our records. Queues appear
 * and go as the list of droplets does.
 * @param basePath where the browser finds it: the page's own links begin with it
 */
export function startQueueBoard(
  store: Store,
  basePath: string,
  { log, redaction }: { log: Logger; redaction: Redaction },
): QueueBoard {
  const pagePath = basePath.replace(/\/queues$/, "");
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(basePath);
  const board = createBullBoard({
    queues: [],
    serverAdapter,
    options: { uiConfig: { ...LOOKS, miscLinks: [{ text: "Operator's page", url: pagePath }] } },
  });
  const shown = new Map<string, DropletQueue>();

  function follow(): void {
    if (store.bullMqRedis.status !== "ready") return;
    const names = new Map(store.directory.droplets.map(({ name }) => [queueNameOf(name), name]));
    for (const [queueName, dropletName] of names) {
      if (shown.has(queueName)) continue;
      const adapter = new DropletQueue(dropletName, pagePath, { store, redaction });
      shown.set(queueName, adapter);
      board.addQueue(adapter);
    }
    for (const [queueName, adapter] of shown) {
      if (names.has(queueName)) continue;
      shown.delete(queueName);
      board.removeQueue(adapter);
    }
  }

  store.directory.onChange(follow);
  const following = periodically(FOLLOW_MS, follow, {
    log,
    name: "queue-board",
    immediately: true,
  });
  return {
    router: readOnlyPages(serverAdapter.getRouter()),
    [Symbol.asyncDispose]: async () => await following.stop(),
  };
}

/** The board's pages, an Express application of their own, for operators to look at. */
function readOnlyPages(pages: Express): Router {
  const router = Router();
  // The guards have looked already; a board that deletes nothing still shows everything.
  router.use((request, response, next) => {
    requireScope(response, "operate");
    if (request.method !== "GET" && request.method !== "HEAD") methodNotAllowed("GET")(request);
    response.set("Content-Security-Policy", BOARD_POLICY);
    next();
  });
  router.use(pages.disable("x-powered-by"));
  return router;
}

/**
 * One queue as the board shows it: under its droplet's name, because its list of queues shows no other, and each
 * job with a link to the task's record.
 */
class DropletQueue extends BullMQAdapter {
  readonly #dropletName: string;

  constructor(
    dropletName: string,
    pagePath: string,
    { store, redaction }: { store: Store; redaction: Redaction },
  ) {
    super(store.queues.of(dropletName), {
      readOnlyMode: true,
      displayName: dropletName,
      externalJobUrl: ({ id }) => ({
        href: `${pagePath}#/tasks/${encodeURIComponent(id ?? "")}`,
        displayText: "The task's record",
      }),
    });
    this.#dropletName = dropletName;
    this.setFormatter("data", (data) => presentable(data, redaction));
  }

  override getName(): string {
    return this.#dropletName;
  }
}

/** Without secrets, and never more than a page of it. */
function presentable(data: unknown, redaction: Redaction): unknown {
  const text = JSON.stringify(redaction.redact(data));
  if (text.length <= SHOWN_CHARS_MAX) return JSON.parse(text);
  return { shortened: text.slice(0, SHOWN_CHARS_MAX), characters: text.length };
}
