// The log: searching with text, chips and cells, paging, following live, and one record with all its parts.
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const session = await setUp();
const key = await admin(session, "POST", "/api-keys", { name: '<img src=x onerror="alert(1)">' });
const HOSTILE = '</pre><script>alert(1)</script><img src="https://example.com/x.png" onerror=alert(2)>';

/** Sends a call; its status and id. */
async function call(body, { path = "/v1/chat/completions", ...headers } = {}) {
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key.value}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  await answer.text();
  return { status: answer.status, id: answer.headers.get("x-request-id") };
}
const say = (text) => [{ role: "user", content: text }];

const filter = (page) => page.getByRole("combobox", { name: "Filter" });
const rows = (page) => page.locator("[aria-rowcount] tbody tr:not([aria-hidden])");
const count = (page, wanted) => page.getByText(wanted, { exact: true }).waitFor();

await run(
  async (page) => {
    await page.goto(`${base}/logs/`);
    await page.getByText("No requests yet").waitFor();
    await page.getByText("curl http").waitFor();
    await picture(page, "logs-empty");
  },
  { session },
);

for (let number = 0; number < 30; number += 1) await call({ model: "demo", messages: say(`Hello ${number}`) });
const failedOver = await call({ model: "demo-failover", messages: say("Hello") });
assert.equal(failedOver.status, 200);
const streamed = await call({ model: "demo", stream: true, messages: say(HOSTILE) }, { "x-priority": "low" });
await call(
  { model: "demo-claude", max_tokens: 40, stream: true, messages: say("Hello") },
  { path: "/v1/messages", "anthropic-version": "2023-06-01" },
);
const unknown = await call({ model: HOSTILE, messages: [] }, { "user-agent": HOSTILE });
assert.equal(unknown.status, 404);
for (;;) {
  const { total } = await admin(session, "GET", "/logs");
  if (total.value === 34) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}

await run(
  async (page) => {
    const asked = [];
    page.on("request", (request) => {
      if (request.url().includes("/api/admin/logs") || request.url().includes("/api/admin/stats"))
        asked.push(request.url());
    });
    await page.goto(`${base}/logs/`);
    await count(page, "34 requests");
    await page.getByRole("group", { name: "Status" }).waitFor();
    assert.ok(asked.length <= 3, asked.join("\n"));
    assert.equal((await rows(page).count()) >= 20, true);
    await page.getByText(HOSTILE.slice(0, 10)).first().waitFor();
    await picture(page, "logs");

    // Text: completed by keyboard, a fault with its way out, then in force.
    await filter(page).focus();
    await page.keyboard.type("statu");
    await page.getByRole("option", { name: /^status / }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await filter(page).inputValue(), "status");
    await filter(page).fill('staus == 404 and method == "POST"');
    await page.getByText("unknown field").waitFor();
    await picture(page, "logs-fault");
    await page.getByRole("button", { name: "Change to status" }).click();
    await filter(page).press("Enter");
    await count(page, "1 request");
    assert.match(page.url(), /filter=/);
    await page.getByRole("button", { name: 'Remove method == "POST"' }).click();
    await page.getByRole("button", { name: "Remove status == 404" }).click();
    await count(page, "34 requests");

    // Cells and values.
    await page.getByRole("button", { name: "2 tries" }).click();
    await page.getByRole("button", { name: "Only these" }).click();
    await count(page, "1 request");
    await page.goBack();
    await count(page, "34 requests");
    await page.locator("[aria-rowcount]").getByRole("button", { name: "demo-claude" }).click();
    await page.getByRole("button", { name: "Not these" }).click();
    await count(page, "33 requests");
    await page
      .getByRole("group", { name: "Model" })
      .getByRole("button", { name: /^demo-failover/ })
      .click();
    await count(page, "1 request");
    await page.goto(`${base}/logs/?api_key_id=${key.id}&has_error=true`);
    await page.getByRole("button", { name: "Remove has_error" }).waitFor();
    await page.getByRole("button", { name: `Remove api_key.id == ${key.id}` }).waitFor();
    await count(page, "1 request");

    // No match, and one click to have some again.
    await page.goto(`${base}/logs/?filter=status%20%3D%3D%20599`);
    await page.getByText("No request matches").waitFor();
    await page.getByRole("main").getByRole("button", { name: "Remove status == 599" }).last().click();
    await count(page, "34 requests");

    // Pages are in the address.
    await page.getByLabel("Rows").selectOption("25");
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByText("Page 2").waitFor();
    await page.waitForFunction(
      () => document.querySelectorAll("[aria-rowcount] tbody tr:not([aria-hidden])").length === 9,
    );
    await page.reload();
    await page.getByText("Page 2").waitFor();
    await page.waitForFunction(
      () => document.querySelectorAll("[aria-rowcount] tbody tr:not([aria-hidden])").length === 9,
    );
    await page.getByRole("button", { name: "Newer" }).click();
    await page.getByText("Page 1").waitFor();

    // Columns are remembered.
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("checkbox", { name: "Stream" }).check();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("columnheader", { name: "Stream" }).waitFor();

    // From the list to the attempt that failed: one click.
    await page.goto(`${base}/logs/?filter=retry_count%20%3E%200`);
    await count(page, "1 request");
    await page.getByRole("link", { name: /^Open the request of/ }).click();
    await page.getByText("On to the next: status 429").waitFor();
    await page.getByText(/^200 after 2 tries: /).waitFor();
    await picture(page, "log-timeline");

    // From the id: one step.
    await page.goto(`${base}/logs/`);
    await filter(page).fill(streamed.id);
    await filter(page).press("Enter");
    await page.getByText(/answered 200 in/).waitFor();
    await page.getByRole("tab", { name: "Decision" }).click();
    await page.getByText("Refused by").waitFor();
    await page.getByRole("treeitem").first().waitFor();
    await page.getByRole("button", { name: "Present rules" }).click();
    await page.waitForURL(/rules=now/);
    await picture(page, "log-decision");
    await page.getByRole("tab", { name: "Messages" }).click();
    await page.getByText(HOSTILE).first().waitFor();
    await page.getByText(/^You said: /).waitFor();
    await picture(page, "log-messages");
    for (const tab of ["Raw", "Headers", "Details"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.getByRole("tabpanel", { name: tab }).waitFor();
    }
    await page.getByRole("button", { name: "Make a test from this" }).click();
    await page
      .getByText(/^demo has a new test/)
      .first()
      .waitFor();
    const { total } = await admin(session, "GET", "/models/demo/tests");
    assert.equal(total, 1);
    const rule = await page.getByRole("link", { name: "Make a rule from this" }).getAttribute("href");
    assert.match(decodeURIComponent(rule.replaceAll("+", " ")), /suggest=headers\.x-priority == "low"/);

    await page.goto(`${base}/logs/view/?id=${unknown.id}`);
    await page.getByText(/^404 before any provider was asked/).waitFor();
    await page.getByRole("tab", { name: "Headers" }).click();
    await page.getByText(HOSTILE).first().waitFor();
  },
  { session },
);

// Live: nothing is missing, nothing moves while somebody reads, and a filter holds.
await run(
  async (page) => {
    await page.goto(`${base}/logs/?live=true&filter=${encodeURIComponent('model == "demo"')}`);
    await page.getByText("Live: new requests come in at the top.").waitFor();
    const heard = () => page.locator("[data-heard]").getAttribute("data-heard").then(Number);
    const burst = async (size) => {
      for (let sent = 0; sent < size; sent += 10) {
        const ten = Array.from({ length: 10 }, (_, index) =>
          call({ model: "demo", messages: say(`Live ${sent + index}`) }),
        );
        await Promise.all(ten);
      }
    };
    await burst(150);
    await call({ model: HOSTILE, messages: [] });
    await page.waitForFunction(() => document.querySelector("[data-heard]")?.dataset.heard === "150");
    assert.equal(await page.getByText(HOSTILE.slice(0, 10)).count(), 0);
    await picture(page, "logs-live");
    await page.evaluate(() => window.scrollTo({ top: 2000 }));
    await page.getByText("Paused while you read").waitFor();
    await burst(20);
    await page.getByRole("button", { name: "20 new" }).click();
    await page.getByText("Paused while you read").waitFor({ state: "hidden" });
    assert.equal(await heard(), 170);
    await page.getByRole("button", { name: "Stop" }).click();
    await count(page, "201 requests");
  },
  { session },
);

await run(
  async (page) => {
    const long = `model != "${"x".repeat(80)}" and status == 200`;
    for (const path of [
      "/logs/",
      `/logs/?filter=${encodeURIComponent(long)}`,
      `/logs/view/?id=${failedOver.id}`,
      `/logs/view/?id=${streamed.id}&tab=messages`,
    ]) {
      await page.goto(base + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      assert.ok(!wide, `${path} scrolls sideways`);
    }
    await picture(page, "log-narrow");
  },
  { session, width: 360, height: 740, dark: true },
);
