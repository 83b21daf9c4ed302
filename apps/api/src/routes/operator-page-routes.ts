import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Router } from "express";
import { LIBRARY_FILE, LIBRARY_NAME, operatorPage, PAGE_POLICY } from "../admin/operator-page.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";

const FOLDER = fileURLToPath(new URL("../admin/page/", import.meta.url));

/** The operators' page and its files. Sign-in is that of everything below /admin. */
export function operatorPageRoutes(): Router {
  const router = Router();
  const names = readdirSync(FOLDER).filter((name) => /^[a-z-]+\.(?:js|css)$/.test(name));
  const modules = names.filter((name) => name.endsWith(".js") && name !== "theme.js");
  router
    .route("/admin")
    .get((request, response) => {
      const isFolder = request.path.endsWith("/");
      response.set({ "Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache" });
      const page = operatorPage(isFolder ? "" : "admin/", [LIBRARY_NAME, ...modules]);
      response.type("html").send(page);
    })
    .all(methodNotAllowed("GET"));
  const files = new Map(names.map((name) => [name, `${FOLDER}${name}`]));
  files.set(LIBRARY_NAME, fileURLToPath(LIBRARY_FILE));
  for (const [name, file] of files) {
    // Asked for anew each time, and sent only when it is another one: an update shows at once.
    router.get(`/admin/page/${name}`, (_request, response) => response.sendFile(file));
  }
  return router;
}
