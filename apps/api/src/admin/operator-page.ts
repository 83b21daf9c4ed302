/** What is below /admin/page: the files of the folder `page`, and the library they are written with. */
export const LIBRARY_NAME = "htm-preact.js";
export const LIBRARY_FILE = import.meta.resolve("htm/preact/standalone");

/** What the page may load: files from here and nothing else; no script or style stands in the page itself. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * All links are relative: the page is right behind any prefix.
 * @param folder from the page to its files
 * @param modules fetched at once, instead of one after the other as they name one another
 */
export function operatorPage(folder: "admin/" | "", modules: readonly string[]): string {
  const files = `${folder}page/`;
  const preloads = modules
    .map((name) => `<link rel="modulepreload" href="${files}${name}">`)
    .join("\n    ");
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Orchestrator</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${files}page.css">
    <script src="${files}theme.js"></script>
    ${preloads}
  </head>
  <body>
    <div id="page"><p class="starting">Loading…</p></div>
    <noscript>This page needs JavaScript. The same can be done with the HTTP API.</noscript>
    <script type="module" src="${files}main.js"></script>
  </body>
</html>
`;
}
