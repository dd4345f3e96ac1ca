// From the first start to the trace of a call, in one window without a reload, and in how few steps: a step is one click,
// one field filled or one key chord.
import { settled } from "./pages.mjs";
import { assert, base, mockUrl, password, picture, run, setupToken } from "./support.mjs";

const MOST_STEPS = 30;
const RULE = 'headers.x-priority == "high" or body.max_tokens <= 100';

await run(async (page) => {
  let steps = 0;
  const click = async (locator) => {
    steps += 1;
    await locator.click();
  };
  const fill = async (locator, text) => {
    steps += 1;
    await locator.fill(text);
  };
  const choose = async (locator, option) => {
    steps += 1;
    await locator.selectOption(option);
  };
  const button = (name) => page.getByRole("button", { name, exact: true });
  const go = (name) => click(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true }));
  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const drawer = page.getByRole("dialog");

  let documents = 0;
  page.on("request", (request) => {
    if (request.resourceType() === "document") documents += 1;
  });

  // Set up.
  steps += 1;
  await page.goto(base);
  await fill(page.getByLabel("Setup token"), setupToken);
  await fill(page.getByLabel("Password"), password);
  await click(button("Make administrator"));
  await heading("Overview");

  // A provider: the pretend one.
  await go("Providers");
  await click(button("Add provider"));
  await choose(drawer.getByLabel("Kind"), "llm-gateway mock-upstream");
  await fill(drawer.getByLabel("Base URL"), mockUrl);
  await click(drawer.getByRole("button", { name: "Add provider", exact: true }));
  await drawer.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "mock", exact: true }).waitFor();

  // A model with its first target.
  await go("Models");
  await click(button("New model"));
  await fill(drawer.getByLabel("Name", { exact: true }), "journey");
  await choose(drawer.getByLabel("Provider", { exact: true }), { label: "mock" });
  await fill(drawer.getByLabel("Target model"), "mock-small");
  await click(drawer.getByRole("button", { name: "Make model", exact: true }));
  await heading("journey");

  // A rule for the target.
  await click(page.getByRole("link", { name: /^Add a rule: .*mock/ }));
  await fill(page.getByRole("textbox", { name: "Text of the rule" }), RULE);
  await click(button("Save"));
  await page.getByText("As stored.").waitFor();
  await picture(page, "journey-rule");

  // A key, and a call with it.
  await go("API keys");
  await click(button("New key"));
  await fill(drawer.getByLabel("Name", { exact: true }), "mine");
  await click(drawer.getByRole("button", { name: "Make key", exact: true }));
  await choose(drawer.getByLabel("Model", { exact: true }), "journey");
  await click(drawer.getByRole("button", { name: "Send a test call" }));
  await drawer.getByText(/^Answered with 200/).waitFor();
  await click(drawer.getByRole("button", { name: "Copy", exact: true }));
  await click(drawer.getByRole("button", { name: "Done", exact: true }));

  // The log, and the trace.
  await go("Logs");
  const row = page.getByRole("row").filter({ hasText: "journey" });
  await row.waitFor();
  await click(row.getByRole("link", { name: /^Open the request of/ }));
  await heading("journey");
  await click(page.getByRole("tab", { name: "Decision" }));
  await page.getByRole("tabpanel").getByText("max_tokens").first().waitFor();
  await settled(page);
  await picture(page, "journey-trace");

  console.log(`${steps} steps`);
  assert.ok(steps <= MOST_STEPS, `it takes ${steps} steps`);
  assert.equal(documents, 1, "the page was loaded anew");
});
