// All pages of the dashboard, in one place, and something for each of them to show.
import { admin, apiKey, assert, base } from "./support.mjs";

/** Pages for administrators; `at` makes the path of a world. */
export const PAGES = [
  { name: "overview", at: () => "/" },
  { name: "providers", at: () => "/providers/" },
  { name: "models", at: () => "/models/" },
  { name: "model", at: () => "/models/view/?name=demo" },
  { name: "rule", at: (world) => `/rules/?model=demo&target=${world.target}` },
  { name: "keys", at: () => "/keys/" },
  { name: "logs", at: () => "/logs/" },
  { name: "log", at: (world) => `/logs/view/?id=${world.failedOver}` },
  { name: "history", at: () => "/history/" },
  { name: "settings", at: () => "/settings/" },
];

/** Pages for those who are not logged in. */
export const ENTRANCES = [
  { name: "login", at: () => "/login/" },
  { name: "setup", at: () => "/setup/" },
];

/** Sends calls that end in every way the pretend provider knows, and waits until the log has them. */
export async function fill(session) {
  await call("demo", { "x-priority": "high" });
  await call("demo", {}, { stream: true });
  const refused = await call("no-such-model");
  assert.equal(refused.status, 404);
  const failedOver = await call("demo-failover");
  const id = failedOver.headers.get("x-request-id");
  await logged(session, id);
  const { items } = await admin(session, "GET", "/models/demo/targets");
  return { failedOver: id, target: items[0].id };
}

/** A call through the proxy; the answer is read to its end. */
export async function call(model, headers = {}, fields = {}) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...fields }),
  });
  await answer.text();
  return answer;
}

/** The log record of a call, once it has been written. */
export async function logged(session, id) {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${base}/api/admin/logs/${id}`, { headers: { cookie: `gw_session=${session}` } });
    if (answer.ok) return answer.json();
    assert.ok(tries < 100, `${id} is not in the log`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Opens a page of the dashboard and waits until it has settled. */
export async function visit(page, path) {
  const answer = await page.goto(base + path);
  assert.equal(answer.status(), 200, `there is no page at ${path}`);
  await settled(page).catch((error) => assert.fail(`${path} does not settle: ${error.message}`));
}

/** Waits until the page is there, and nothing loads, blends in or moves any more. */
export async function settled(page) {
  await page.locator("main h1").first().waitFor();
  await page.waitForFunction(() => {
    const moving = document.getAnimations().some(({ playState }) => playState === "running");
    const loading = [...document.querySelectorAll("main .animate-pulse")].some((node) => node.checkVisibility());
    return !moving && !loading;
  });
}
