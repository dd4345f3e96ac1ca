// The overview: ticks of the first steps without a reload, then figures and charts of the calls, in few requests.
import { call } from "./pages.mjs";
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const session = await setUp();
const { items: keys } = await admin(session, "GET", "/api-keys");
const done = (page, step) => page.getByRole("heading", { name: `${step} (done)` }).waitFor();
const open = (page, step) => page.getByRole("heading", { name: `${step} (to do)` }).waitFor();
const [PROVIDER, KEY, CALL] = [
  "Connect a provider, and a model that uses it",
  "Make an API key",
  "Send the first call",
];

await run(
  async (page) => {
    // nothing works yet
    const { items: models } = await admin(session, "GET", "/models");
    for (const { name } of models) await admin(session, "PATCH", `/models/${name}`, { is_active: false });
    await admin(session, "POST", `/api-keys/${keys[0].id}/disable`);
    await page.goto(`${base}/`);
    await open(page, PROVIDER);
    await open(page, KEY);
    await open(page, CALL);
    await picture(page, "overview-start");

    // each step is ticked while the page is open
    await admin(session, "PATCH", "/models/demo", { is_active: true });
    await done(page, PROVIDER);
    await admin(session, "POST", `/api-keys/${keys[0].id}/enable`);
    await done(page, KEY);
    await page.getByText("Waiting for the first call").waitFor();
    await call("demo");
    const ended = Date.now();
    await page.getByRole("heading", { name: "Requests by status" }).waitFor();
    await page.locator("main canvas").first().waitFor();
    const shown = Date.now() - ended;
    console.log(`the first call shows after ${shown} ms`);
    assert.ok(shown <= 4000, `the first call showed after ${shown} ms`);
    const figure = (name) =>
      page
        .locator("dl div", { has: page.getByText(name, { exact: true }) })
        .locator("dd")
        .first();
    assert.equal(await figure("Requests").textContent(), "1");

    // what was asked for, and a range kept in the address
    await call("no-such-model");
    await page.getByLabel("Time", { exact: true }).selectOption("1h");
    await page.waitForURL(/range=1h/);
    await page.getByRole("link", { name: "no-such-model" }).waitFor({ timeout: 20_000 });
    assert.match(await page.getByText("All is well.").textContent(), /Serving revision \d+/);
    await page.getByRole("link", { name: "admin enabled the API key demo" }).waitFor();

    // a warm view: three requests
    const asked = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/api/admin/") && !pathname.endsWith("/session")) asked.push(pathname);
    });
    await page.reload();
    await page.locator("main canvas").nth(3).waitFor();
    await page.getByRole("link", { name: "All changes" }).waitFor();
    assert.ok(asked.length <= 3, `asked ${asked.join(", ")}`);
    assert.equal(await page.getByLabel("Time", { exact: true }).inputValue(), "1h");
    await picture(page, "overview");

    // from a figure to its requests
    await page.getByRole("link", { name: "no-such-model" }).click();
    await page.waitForURL(/\/logs\//);
  },
  { session },
);
