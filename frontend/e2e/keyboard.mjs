// The same road as `journey.mjs` without a mouse: Tab to each control, then Enter, Space, arrows and letters alone.
import { assert, base, mockUrl, password, run, setupToken } from "./support.mjs";

const MOST_TABS = 120;
const RULE = 'headers.x-priority == "high" or body.max_tokens <= 100';

await run(async (page) => {
  const keys = page.keyboard;

  /** Tabs until the control has the focus, which has to be seen. */
  const reach = async (locator) => {
    await locator.first().waitFor();
    for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
      const focused = await locator.first().evaluate((element) => element === document.activeElement);
      if (focused) {
        const shown = await locator.first().evaluate((element) => {
          const style = getComputedStyle(element);
          const around = element.parentElement?.closest(".cm-editor")?.parentElement ?? element;
          return style.outlineStyle !== "none" || getComputedStyle(around).outlineStyle !== "none";
        });
        assert.ok(shown, `${locator} does not show its focus`);
        return;
      }
      await keys.press("Tab");
    }
    assert.fail(`${locator} cannot be reached`);
  };
  const type = async (locator, text) => {
    await reach(locator);
    await keys.type(text);
  };
  const press = async (locator) => {
    await reach(locator);
    await keys.press("Enter");
  };
  const choose = async (locator, label) => {
    await reach(locator);
    await keys.type(label);
    assert.equal(await locator.evaluate((select) => select.selectedOptions[0].textContent), label);
  };
  const go = async (letter, name) => {
    await keys.press("Escape"); // whatever may be open
    await page.evaluate(() => document.activeElement?.blur());
    await keys.press("g");
    await keys.press(letter);
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  };
  const button = (name) => page.getByRole("button", { name, exact: true });
  const drawer = page.getByRole("dialog");
  const inDrawer = (name) => drawer.getByRole("button", { name, exact: true });

  await page.goto(base);
  await type(page.getByLabel("Setup token"), setupToken);
  await type(page.getByLabel("Password"), password);
  await keys.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

  await go("p", "Providers");
  await press(button("Add provider"));
  await choose(drawer.getByLabel("Kind"), "llm-gateway mock-upstream");
  await reach(drawer.getByLabel("Base URL"));
  await keys.press("Control+a");
  await keys.type(mockUrl);
  await press(inDrawer("Add provider"));
  await drawer.waitFor({ state: "hidden" });

  await go("m", "Models");
  await press(button("New model"));
  await type(drawer.getByLabel("Name", { exact: true }), "keyboard");
  await choose(drawer.getByLabel("Provider", { exact: true }), "mock");
  await type(drawer.getByLabel("Target model"), "mock-small");
  await press(inDrawer("Make model"));
  await page.getByRole("heading", { level: 1, name: "keyboard" }).waitFor();

  await press(page.getByRole("link", { name: /^Add a rule: .*mock/ }));
  await type(page.getByRole("textbox", { name: "Text of the rule" }), RULE);
  await keys.press("Escape"); // the offers
  await keys.press("Control+s");
  await page.getByText("As stored.").waitFor();

  await go("k", "API keys");
  await press(button("New key"));
  await type(drawer.getByLabel("Name", { exact: true }), "mine");
  await press(inDrawer("Make key"));
  await choose(drawer.getByLabel("Model", { exact: true }), "keyboard");
  await press(inDrawer("Send a test call"));
  await drawer.getByText(/^Answered with 200/).waitFor();
  await press(drawer.getByRole("button", { name: "Copy", exact: true }));
  await press(inDrawer("Done"));
  await drawer.waitFor({ state: "hidden" });

  await go("l", "Logs");
  const row = page.getByRole("row").filter({ hasText: "keyboard" });
  await row.waitFor();
  await press(row.getByRole("link", { name: /^Open the request of/ }));
  await page.getByRole("heading", { level: 1, name: "keyboard" }).waitFor();
  await reach(page.getByRole("tab", { name: "Timeline" }));
  await keys.press("ArrowRight");
  await page.getByRole("tabpanel").getByText("max_tokens").first().waitFor();
});
