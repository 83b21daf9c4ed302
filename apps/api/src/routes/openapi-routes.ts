import { fileURLToPath } from "node:url";
import { openApiDocument } from "@orchestrator/contract";
import { Router } from "express";
import {
  docsPage,
  PAGE_POLICY,
  START_SCRIPT,
  START_SCRIPT_NAME,
  SWAGGER_UI_FILES,
} from "../docs-page/docs-page.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";

/** The contract for machines and for people. */
export function openApiRoutes(version: string): Router {
  const router = Router();
  router
    .route("/openapi.json")
    .get((request, response) => {
      response.json(openApiDocument({ version, serverUrl: request.baseUrl || "/" }));
    })
    .all(methodNotAllowed("GET"));
  router
    .route("/docs")
    .get((request, response) => {
      const isFolder = request.path.endsWith("/");
      response.set("Content-Security-Policy", PAGE_POLICY);
      response.type("html").send(docsPage(isFolder ? "" : "docs/"));
    })
    .all(methodNotAllowed("GET"));
  router.get(`/docs/${START_SCRIPT_NAME}`, (_request, response) => {
    response.type("js").send(START_SCRIPT);
  });
  for (const [name, url] of Object.entries(SWAGGER_UI_FILES)) {
    const file = fileURLToPath(url);
    // Asked for anew each time, and sent only when it is another one: an update shows at once.
    router.get(`/docs/${name}`, (_request, response) => response.sendFile(file));
  }
  return router;
}
