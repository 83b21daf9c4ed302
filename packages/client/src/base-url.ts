const PREFIX = "/orchestrator";

/**
 * Where the API's paths begin. A URL without a path gets the service's own prefix; one with a path is taken as it
 * is, for proxies that put the service somewhere else.
 * @throws {TypeError} for what is not an http(s) URL
 */
export function baseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new TypeError("the URL of the Orchestrator is not a URL", { cause });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError("the URL of the Orchestrator must begin with http:// or https://");
  }
  // fetch refuses a URL with credentials, and an error would show them.
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("the URL of the Orchestrator holds credentials: give `apiKey` instead");
  }
  const path = url.pathname.replace(/\/+$/, "");
  return new URL(`${url.origin}${path === "" ? PREFIX : path}`);
}
