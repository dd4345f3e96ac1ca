// Models: adding one, its settings, targets in order by buttons and by dragging, what a request meets, off and delete.
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const session = await setUp();
for (const name of ["north", "south"]) {
  await admin(session, "POST", "/providers", { name, protocol: "openai", base_url: `https://${name}.example.com/v1` });
}
const HOSTILE = "team/<img/src=x/onerror=alert(1)>";
const stored = (name) => admin(session, "GET", `/models/${encodeURIComponent(name)}`);
const view = (name) => `${base}/models/view/?name=${encodeURIComponent(name)}`;

async function ordered(page, wanted) {
  await page.waitForFunction(
    (names) =>
      [...document.querySelectorAll("[data-move^=up]")].map((button) => button.getAttribute("aria-label")).join() ===
      names.map((name) => `Move ${name} up`).join(),
    wanted,
  );
}

await run(
  async (page) => {
    // a new model, with a fault first
    await page.goto(`${base}/models/`);
    await page.getByRole("link", { name: "demo", exact: true }).waitFor();
    await page.getByRole("button", { name: "New model" }).click();
    await page.getByLabel("Name", { exact: true }).fill("demo");
    await page.getByLabel("Provider", { exact: true }).selectOption({ label: "north" });
    await page.getByLabel("Target model", { exact: true }).fill("gpt-north");
    await page.getByRole("button", { name: "Make model" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Name", { exact: true }).fill(HOSTILE);
    await page.getByRole("button", { name: "Make model" }).click();
    await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
    await page.getByText("Every request goes to north.").waitFor();

    // more targets
    for (const [provider, model] of [
      ["south", "gpt-south"],
      ["demo-openai", "mock-small"],
    ]) {
      await page.getByRole("button", { name: "Add a target" }).click();
      await page.getByLabel("Provider", { exact: true }).selectOption({ label: provider });
      await page.getByLabel("Target model", { exact: true }).fill(model);
      await page.getByRole("dialog").getByRole("button", { name: "Add a target" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await page.getByText("north, south, and demo-openai take turns at being first").waitFor();

    // by keyboard: the focus stays with the target that moves
    await page.getByRole("button", { name: "Move demo-openai up" }).focus();
    await page.keyboard.press("Enter");
    await ordered(page, ["north", "demo-openai", "south"]);
    await page.getByText("demo-openai is now 2 of 3.").waitFor({ state: "attached" });
    await page.keyboard.press("Enter");
    await ordered(page, ["demo-openai", "north", "south"]);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Move demo-openai down");

    // by dragging, and back with the toast
    await page.getByText("The order is changed.").nth(1).waitFor();
    await page.reload();
    await ordered(page, ["demo-openai", "north", "south"]);
    await page.getByText("take turns at being first").waitFor();
    const handle = await page.getByRole("button", { name: "Drag demo-openai" }).boundingBox();
    const last = await page.getByRole("button", { name: "Drag south" }).boundingBox();
    await page.mouse.move(handle.x + 8, handle.y + 8);
    await page.mouse.down();
    await page.mouse.move(last.x + 8, last.y + 90, { steps: 5 });
    await page.mouse.up();
    await ordered(page, ["north", "south", "demo-openai"]);
    await page.getByRole("button", { name: "Undo" }).waitFor();
    const written = page.waitForResponse((answer) => answer.url().endsWith("/targets/order"));
    await page.getByRole("button", { name: "Undo" }).click();
    await ordered(page, ["demo-openai", "north", "south"]);
    await written;
    assert.deepEqual(
      (await stored(HOSTILE)).targets.map((target) => target.provider),
      ["demo-openai", "north", "south"],
    );

    // settings: chips of statuses, a fault at its field, what a request meets follows
    await page.getByRole("button", { name: "Edit settings" }).click();
    await page.getByLabel("Strategy").selectOption({ label: "By weight" });
    await page.getByLabel("Tries on one target").fill("1");
    await page.getByLabel("Final statuses").first().fill("500");
    await page.keyboard.press("Enter");
    await page.getByText("A status from 400 to 499.").waitFor();
    for (const status of ["422", "400"]) {
      await page.getByLabel("Final statuses").first().fill(status);
      await page.keyboard.press("Enter");
    }
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("400 to 499 goes to the next target at once, except 400 and 422.").waitFor();
    await page.getByText("After 500 or more, or a timeout: the next target at once.").waitFor();

    // a target changed by somebody else meanwhile: nothing of theirs is lost
    await page.getByRole("button", { name: "Actions for north" }).click();
    await page.getByRole("menuitem", { name: "Edit target" }).click();
    await page.getByLabel("Weight").fill("3");
    const north = (await stored(HOSTILE)).targets.find((target) => target.provider === "north");
    const path = `/models/${encodeURIComponent(HOSTILE)}/targets/${north.id}`;
    await admin(session, "PATCH", path, { target_model: "gpt-other", rule: 'headers.x-priority == "high"' });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("It has changed meanwhile.").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const { target_model, weight } = await admin(session, "GET", path);
    assert.deepEqual([target_model, weight], ["gpt-other", 3]);
    await page.getByText("north for 60%").waitFor();
    await page.getByText('The header x-priority is "high".').waitFor();
    const editor = page.getByRole("link", { name: "Edit the rule: north" });
    assert.equal(await editor.getAttribute("href"), `/rules/?model=${encodeURIComponent(HOSTILE)}&target=${north.id}`);
    await picture(page, "model");

    // a target off, and removed
    await page.getByRole("button", { name: "Actions for south" }).click();
    await page.getByRole("menuitem", { name: "Switch off" }).click();
    await page.getByText("demo-openai for 25% and north for 75%").waitFor();
    await page.getByRole("button", { name: "Actions for south" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ordered(page, ["demo-openai", "north"]);

    // findings and tests, by address
    await admin(session, "PATCH", path, { rule: 'headers.x == "a" and headers.x == "b"' });
    await page.goto(`${view(HOSTILE)}&tab=findings`);
    await page.getByRole("link", { name: "Open the rule: north" }).first().waitFor();
    await page.getByRole("tab", { name: "Tests" }).click();
    await page.waitForURL(/tab=tests/);

    // another name: the address follows
    await page.getByRole("button", { name: "Edit settings" }).click();
    await page.getByLabel("Name", { exact: true }).fill("team/fast");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "team/fast" }).waitFor();
    await page.waitForURL(/name=team(%2F|\/)fast/);

    // off, on again with the toast, and deleted
    await page.getByRole("switch", { name: "In use" }).click();
    await page.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("The model is off").waitFor();
    assert.equal((await stored("team/fast")).is_active, false);
    await page.getByRole("button", { name: "Undo" }).last().click();
    await page.getByText("demo-openai for 25%").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("no request asked for it").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(`${base}/models/`);
    await page.getByRole("link", { name: "team/fast" }).waitFor({ state: "detached" });

    // nothing found, and back
    await page.getByRole("searchbox").fill("nothing-like-it");
    await page.getByText("No model matches").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await page.getByRole("link", { name: "demo", exact: true }).waitFor();
  },
  { session, height: 1100 },
);
