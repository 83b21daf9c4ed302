import type { Router } from "express";

/** What routers serve, as `GET /tasks/:id`; an answer to every other method does not count. */
export function listRoutes(routers: readonly Router[]): string[] {
  return routers.flatMap(({ stack }) =>
    stack.flatMap(({ route }) => {
      if (!route) return [];
      // Without a method: what `.all` was given.
      const methods = new Set(route.stack.map(({ method }) => method).filter(Boolean));
      return Array.from(methods, (method) => `${method.toUpperCase()} ${route.path}`);
    }),
  );
}
