/** What is below /docs: our script, and two files of Swagger UI's. */
export const START_SCRIPT_NAME = "start.js";
export const SWAGGER_UI_FILES = {
  "swagger-ui.css": import.meta.resolve("swagger-ui-dist/swagger-ui.css"),
  "swagger-ui-bundle.js": import.meta.resolve("swagger-ui-dist/swagger-ui-bundle.js"),
};

/** What the page may load: files from here and nothing else, so that it works without a network. */
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

/** All links are relative: the page is right behind any prefix. @param folder from the page to its files */
export function docsPage(folder: "docs/" | ""): string {
  const document = folder === "" ? "../openapi.json" : "openapi.json";
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Orchestrator API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${folder}swagger-ui.css">
  </head>
  <body>
    <div id="page" data-document="${document}"></div>
    <noscript>The same in JSON: <a href="${document}">${document}</a></noscript>
    <script src="${folder}swagger-ui-bundle.js"></script>
    <script src="${folder}${START_SCRIPT_NAME}"></script>
  </body>
</html>
`;
}

/** Without a validator: Swagger UI would ask one on the internet. */
export const START_SCRIPT = `const page = document.getElementById("page");
SwaggerUIBundle({
  domNode: page,
  url: page.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
});
`;
