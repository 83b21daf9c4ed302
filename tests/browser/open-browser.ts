import { chromium, type Browser, type Page } from "playwright-core";

/** No call of its own leaves the machine: what does is the page's doing. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export const OPERATOR = { username: "operator", password: "correct horse battery" };

/** What the API of a browser test is started with. */
export const OPERATOR_ENV = {
  OPERATOR_USER: OPERATOR.username,
  OPERATOR_PASSWORD: OPERATOR.password,
};

export interface VisitOptions {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Signs in as the operator unless told otherwise. */
  isSignedIn?: boolean;
}

/** One tab with an empty profile. What the browser complained about, and what it asked others, is kept. */
export interface Visit extends AsyncDisposable {
  page: Page;
  complaints: string[];
  /** Requests that went anywhere but to the orchestrator. */
  elsewhere: string[];
}

export interface TestBrowser extends AsyncDisposable {
  visit(api: { url: string }, options?: VisitOptions): Promise<Visit>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: FLAGS,
    headless: true,
  });
  return {
    visit: async (api, options) => await visit(browser, api, options),
    [Symbol.asyncDispose]: async () => await browser.close(),
  };
}

async function visit(
  browser: Browser,
  api: { url: string },
  { theme = "light", width = 1280, height = 900, isSignedIn = true }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: api.url,
    colorScheme: theme,
    viewport: { width, height },
    reducedMotion: "reduce",
    ...(isSignedIn && { httpCredentials: OPERATOR }),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${api.url}/`) && !url.startsWith("data:")) elsewhere.push(url);
  });
  // What the page's policy stopped did not leave the browser.
  page.on("requestfailed", (request) => {
    const at = elsewhere.indexOf(request.url());
    if (at !== -1 && /csp/i.test(request.failure()?.errorText ?? "")) elsewhere.splice(at, 1);
  });
  return { page, complaints, elsewhere, [Symbol.asyncDispose]: async () => await context.close() };
}
