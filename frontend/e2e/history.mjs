// History: what a change has changed, the history of one thing, the way back, and why there is none.
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const session = await setUp();
const HOSTILE = "</pre><img src=x onerror=alert(1)>";
const rule = 'headers.x-priority == "high"';
await admin(session, "POST", "/lists", { name: "partners", entries: ["acme", "globex"] });
await admin(session, "PATCH", "/lists/partners", { entries: ["acme", "initech"] });
await admin(session, "PATCH", "/models/demo", { rule: "stream", notes: HOSTILE });
await admin(session, "PATCH", "/models/demo", { rule });
const { items } = await admin(session, "GET", "/revisions?page_size=2");

await run(
  async (page) => {
    await page.goto(`${base}/history/`);
    const entry = (text, place = 0) => page.locator("main ol > li", { hasText: text }).nth(place);
    const latest = entry("admin changed the model demo");
    await latest.waitFor();
    assert.deepEqual(await latest.locator("pre").allTextContents(), ["stream", rule]);
    await entry("admin changed the model demo", 1).getByText(HOSTILE).waitFor();
    const list = entry("admin changed the list partners");
    assert.match(await list.textContent(), /Entries removed.*globex.*Entries added.*initech/);
    await picture(page, "history");

    // the older of two changes can't be taken back: the later one is in the way, and the window says so
    await entry("admin changed the model demo", 1).getByRole("button", { name: "Take back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
    const reason = await page.getByRole("alert").textContent();
    assert.ok(reason.includes(`by revision ${items[0].id}`), reason);
    await page.getByRole("button", { name: "Cancel" }).click();

    // the latest can
    await latest.getByRole("button", { name: "Take back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("Taken back.", { exact: true }).first().waitFor();
    assert.equal((await admin(session, "GET", "/models/demo")).rule, "stream");
    await page.waitForFunction(
      () => document.querySelector("main ol > li pre:last-of-type")?.textContent !== undefined,
    );
    await page.waitForFunction(
      (before) => document.querySelectorAll("main ol > li pre")[0]?.textContent === before,
      rule,
    );

    // what was made can be unfolded; the address keeps it
    await entry("added the list partners").getByText("2 fields").click();
    await entry("added the list partners").getByText("acme, globex").waitFor();
    await page.waitForURL(/open=\d+/);
    await page.reload();
    await entry("added the list partners").getByText("acme, globex").waitFor();

    // where there is no way back it is said at once
    const user = entry("admin added the administrator admin");
    await user.getByText("It cannot be taken back").waitFor();
    assert.equal(await user.getByRole("button", { name: "Take back" }).count(), 0);

    // one kind, and one thing
    await page.getByLabel("Kind").selectOption("named_list");
    await page.waitForURL(/resource=named_list/);
    await page.waitForFunction(() => document.querySelectorAll("main ol > li").length === 2);
    await list.getByRole("button", { name: "More about" }).click();
    await page.getByRole("menuitem", { name: "Its history" }).click();
    await page.waitForURL(/resource_id=\d+/);
    await page.getByRole("button", { name: "Only partners" }).click();
    await page.waitForFunction(() => document.querySelectorAll("main ol > li").length > 10);
    await page.getByLabel("Kind").selectOption("rule_test");
    await page.getByText("No change matches").waitFor();

    // to the thing itself
    await page.getByRole("button", { name: "Show all" }).click();
    await list.getByRole("button", { name: "More about" }).click();
    await page.getByRole("menuitem", { name: "Open" }).click();
    await page.getByRole("dialog", { name: "List partners" }).waitFor();
  },
  { session },
);
