// What the browser tests share. Each file is a program: the gateway's address and secrets come in the environment, a
// failed assertion ends it with an error. `tests/browser` starts gateways and runs them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

export { assert };

/** Where the gateway is. */
export const base = process.env.GATEWAY_URL;
/** Of the first start. */
export const setupToken = process.env.SETUP_TOKEN;
/** Of the demo; may call all models. */
export const apiKey = process.env.API_KEY;
/** A pretend provider that the gateway does not know yet. */
export const mockUrl = process.env.MOCK_URL;
export const password = "correct horse battery staple";

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

/**
 * Runs `test(page, browser)` in a fresh profile. Afterwards nothing may have been asked of another host, no script may
 * have failed, and the Content-Security-Policy must have had nothing to say.
 */
export async function run(test, { width = 1280, height = 800, dark = false, session } = {}) {
  const executablePath = process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const troubles = [];
  try {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      locale: "en-GB",
    });
    if (session) await context.addCookies([{ name: "gw_session", value: session, url: base }]);
    const host = new URL(base).host;
    await context.route("**", (route) => {
      const url = new URL(route.request().url());
      if (url.host === host || url.protocol === "data:" || url.protocol === "blob:") return route.continue();
      troubles.push(`asked ${url}`);
      return route.abort();
    });
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile ?? ""}`);
      });
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => troubles.push(`script: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      const refused = /status of (401|403|404|409|412|422|429)/.test(message.text()); // the page shows these itself
      if (message.type() === "error" && !refused) troubles.push(`console: ${message.text()}`);
    });
    try {
      await test(page, context);
    } catch (error) {
      await picture(page, "failed").catch(() => {});
      throw error;
    }
    assert.deepEqual(troubles, []);
  } catch (error) {
    if (troubles.length > 0) console.error(troubles.join("\n"));
    throw error;
  } finally {
    await browser.close();
  }
}

/** Saves a picture of the page where PICTURES names a folder. */
export async function picture(page, name, { fullPage = true } = {}) {
  const folder = process.env.PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
}

/** The first start: makes the administrator over the API and returns the session's cookie. */
export async function setUp() {
  const answer = await fetch(`${base}/api/admin/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: setupToken, name: "admin", password }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return /gw_session=([^;]+)/.exec(answer.headers.get("set-cookie"))[1];
}

/** Calls the admin API with a session; the JSON of the answer. */
export async function admin(session, method, path, body) {
  const answer = await fetch(`${base}/api/admin${path}`, {
    method,
    headers: { cookie: `gw_session=${session}`, origin: base, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
