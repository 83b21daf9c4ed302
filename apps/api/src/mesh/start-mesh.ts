import type { Store } from "@orchestrator/queue";
import { watchProcessUsage, type Logger } from "@orchestrator/runtime";
import type { RequestHandler, Router } from "express";
import type { ApiConfig } from "../config.ts";
import type { Pulse } from "../pulse.ts";
import { dropletRoutes } from "../routes/droplet-routes.ts";
import { healthRoutes } from "../routes/health-routes.ts";
import { heartbeatRoutes } from "../routes/heartbeat-routes.ts";
import { messageRoutes } from "../routes/message-routes.ts";
import { sendRoutes } from "../routes/send-routes.ts";
import type { TaskRoutesOptions } from "../routes/task-routes.ts";
import { ubicRoutes } from "../routes/ubic-routes.ts";
import type { Identity } from "./identity.ts";
import { RequestTally } from "./request-tally.ts";

export interface MeshOptions {
  config: ApiConfig;
  version: string;
  isSignInOn: boolean;
  store: Store;
  pulse: Pulse;
  tasks: TaskRoutesOptions;
  log: Logger;
}

export interface Mesh extends Disposable {
  routers: Router[];
  /** To be used before everything that answers. */
  countRequests: RequestHandler;
}

/** Everything that makes us a droplet among droplets. */
export function startMesh(options: MeshOptions): Mesh {
  const { config, version, isSignInOn, store, pulse, tasks, log } = options;
  const usage = watchProcessUsage();
  const requests = new RequestTally();
  const vitals = { directory: store.directory, pulse };
  const self: Identity = {
    version,
    dropletId: config.DROPLET_ID,
    publicUrl: config.PUBLIC_URL,
    registryUrl: config.REGISTRY_URL,
    buildDate: config.BUILD_DATE,
    commitHash: config.COMMIT_HASH,
    isSignInOn,
  };
  return {
    routers: [
      healthRoutes(pulse),
      ubicRoutes({ ...vitals, self, usage, requests }),
      dropletRoutes(store),
      heartbeatRoutes(store),
      messageRoutes({ tasks, vitals, self, log }),
      sendRoutes({ tasks, self }),
    ],
    countRequests: requests.middleware,
    [Symbol.dispose]: () => usage[Symbol.dispose](),
  };
}
