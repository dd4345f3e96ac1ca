// The rule editor: completion, faults with fixes, explaining, replaying, tests, findings, the builder, saving.
import { readFileSync } from "node:fs";
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const session = await setUp();
const key = await admin(session, "POST", "/api-keys", { name: "editor" });
for (const [priority, temperature] of [
  ["high", 0.2],
  ["low", 0.9],
  ["high", 0.8],
  ["low", 0.1],
]) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key.value}`, "content-type": "application/json", "x-priority": priority },
    body: JSON.stringify({ model: "demo", temperature, messages: [{ role: "user", content: "Hello" }] }),
  });
  assert.equal(answer.status, 200);
}

const WANTED = 'headers.x-priority == "high" and body.temperature <= 0.5';
const editor = (page) => page.getByRole("textbox", { name: "Text of the rule" });
const text = async (page) => (await page.locator(".cm-line").allTextContents()).join("\n");
const holds = async (page, wanted) => {
  await page.waitForFunction(
    (is) => [...document.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n") === is,
    wanted,
  );
};

/** As if pasted over all there is: exactly these characters. */
async function write(page, rule) {
  await editor(page).focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector(".cm-content").dispatchEvent(paste);
  }, rule);
}

/** Types, and takes the first offer where a text is followed by `=>`, once it is the one expected. */
async function complete(page, typed, offer) {
  await page.keyboard.type(typed);
  await page.locator(".cm-tooltip-autocomplete li[aria-selected=true]", { hasText: offer }).waitFor();
  await page.waitForTimeout(80); // CodeMirror ignores keys that come too soon after its list
  await page.keyboard.press("Enter");
}

await run(
  async (page) => {
    await page.goto(`${base}/rules/?model=demo&target=1`);
    await editor(page).waitFor();
    assert.equal(await text(page), 'headers.x-priority == "high"');

    // typed with completion
    await editor(page).focus();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.press("Delete");
    await complete(page, "he", "headers");
    await complete(page, ".x-p", "x-priority");
    await complete(page, " =", "==");
    await complete(page, ' "h', "high");
    await complete(page, " a", "and");
    await complete(page, " body.te", "temperature");
    await page.keyboard.type(" <= 0.5");
    await page.keyboard.press("Escape");
    assert.equal(await text(page), WANTED);
    await page.getByText("and the temperature is at most 0.5").waitFor();

    // a wrong one is underlined, and mended by keyboard alone
    await write(page, "stream");
    await page.getByText("The client wants a stream.").waitFor();
    await page.evaluate(() => {
      document.addEventListener("keydown", () => {
        window.typedAt = performance.now();
      });
      window.underlined = new Promise((resolve) => {
        const look = () => {
          const marked = [...document.querySelectorAll(".cm-lintRange-error")].map((mark) => mark.textContent).join("");
          const typed = document.querySelector(".cm-content").textContent.endsWith("0.5");
          if (typed && marked === "body.temprature" && document.querySelector("button[title='body.temperature']"))
            resolve(performance.now() - window.typedAt);
        };
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
      });
    });
    await page.keyboard.type(" and body.temprature <= 0.5");
    await page.getByRole("button", { name: "Fix" }).waitFor();
    const after = await page.evaluate(() => window.underlined);
    console.log(`underlined after ${Math.round(after)} ms`);
    assert.ok(after <= 500, `underlined after ${after} ms`);
    const fix = page.getByRole("button", { name: "Fix" });
    await fix.focus();
    await picture(page, "rules-fault");
    await page.keyboard.press("Enter");
    await holds(page, "stream and body.temperature <= 0.5");

    // one spelling for everything
    await write(page, "stream&&body.temperature<=0.5");
    await page.keyboard.press("Shift+Alt+F");
    await holds(page, "stream and body.temperature <= 0.5");
    await page.keyboard.press("Home");
    await page.keyboard.press("ControlOrMeta+i");
    await page.getByText("true or false. The client wants a stream.").waitFor();
  },
  { session },
);

await run(
  async (page) => {
    await page.goto(`${base}/rules/?model=demo&target=1`);
    await editor(page).waitFor();
    await write(page, WANTED);

    // a request of the log through the draft
    await page.getByLabel("Request", { exact: true }).selectOption({ index: 2 });
    await page.getByRole("treeitem").nth(2).waitFor();
    const decided = page.getByRole("treeitem", { name: "This decided" });
    await decided.waitFor();
    assert.match(await decided.innerText(), /false/);
    await decided.focus();
    await page.waitForFunction(() => document.querySelector(".rule-pointed") !== null);
    await page.getByText("Not demo-openai (mock-large)").waitFor();
    await picture(page, "rules-explain");

    // kept as a test
    await page.getByRole("button", { name: "Keep as a test" }).click();
    await page.getByLabel("Name").fill("stays where it is");
    await page.getByRole("button", { name: "Add a test" }).click();
    await page.getByText("Passed", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Edit stays where it is" }).click();
    await page.getByLabel("Expected").fill("{");
    await page.getByRole("button", { name: "Save", exact: true }).last().click();
    await page.getByText("This is no JSON object").waitFor();
    await page.keyboard.press("Escape");

    // over recent requests
    await page.getByRole("tab", { name: "Replay" }).click();
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByText(/Of 4 requests, \d \(\d+%\) would have gone elsewhere/).waitFor();
    await page.getByText("Last 1,000").waitFor({ state: "attached" });
    await picture(page, "rules-replay");

    // what the analysis finds, and its example
    await page.getByRole("tab", { name: "Findings" }).click();
    await write(page, 'model == "x" and model == "y"');
    await page.getByRole("tabpanel").last().getByText("Likely wrong").first().waitFor();
    await picture(page, "rules-findings");

    // much changes: asked about, then refused by nothing
    await write(page, WANTED);
    await page.getByText("Not saved yet.").waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("dialog", { name: "Save, though much changes?" }).waitFor();
    await page.getByRole("button", { name: "Save anyway" }).click();
    await page.getByText("As stored.").waitFor();
    const model = await admin(session, "GET", "/models/demo");
    assert.equal(model.targets[0].rule, WANTED);

    // a test that the rule would break keeps it from being saved
    await admin(session, "POST", "/models/demo/tests", {
      name: "cool and high goes large",
      request: { headers: { "x-priority": "high" }, body: { temperature: 0.4 } },
      expect: { candidates: ["demo-openai/mock-large", "demo-openai/mock-small"] },
    });
    await write(page, `${WANTED} and stream`);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    const anyway = page.getByRole("button", { name: "Save anyway" });
    const failing = page.getByText(/Test `cool and high goes large`.*fails/).first();
    await anyway.or(failing).first().waitFor();
    if (await anyway.isVisible()) await anyway.click();
    await failing.waitFor();
    await page.locator(".cm-lintRange-error").waitFor();
    await picture(page, "rules-refused");

    // somebody else was faster
    await admin(session, "PATCH", "/models/demo/targets/1", { rule: `${WANTED} # theirs` });
    await write(page, `${WANTED} # mine`);
    await page.getByText("Not saved yet.").waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("dialog", { name: "Somebody else has changed this rule" }).waitFor();
    await picture(page, "rules-conflict");
    await page.getByRole("button", { name: "Go on with theirs" }).click();
    await holds(page, `${WANTED} # theirs`);
  },
  { session },
);

// the builder loses nothing, and changes only what it is told to
const cases = JSON.parse(
  readFileSync(new URL("../src/components/rules/builder/cases.json", import.meta.url), "utf8"),
).slice(0, 50);
await run(
  async (page) => {
    await page.goto(`${base}/rules/?model=demo&target=1`);
    await editor(page).waitFor();
    const tab = (name) => page.getByRole("tab", { name, exact: true });
    for (const { text: rule } of cases) {
      await write(page, rule);
      await holds(page, rule);
      await tab("Builder").click();
      await page.getByRole("group", { name: "Rule" }).waitFor();
      await tab("Text").click();
      await holds(page, rule);
    }
    await write(page, '# keep me\nmodel == "a"   # and me\n  and (stream || has_tools)');
    await tab("Builder").click();
    await page.getByLabel("Value of condition 1", { exact: true }).fill("b");
    await page.getByLabel("Operator of condition 1", { exact: true }).selectOption("!=");
    await page.getByRole("group", { name: "Group 2" }).getByRole("button", { name: "Add a condition" }).click();
    await page.getByLabel("Field of condition 2.3").waitFor();
    await page.getByRole("button", { name: "Remove condition 2.1" }).click();
    await page.getByLabel("Field of condition 2.3").waitFor({ state: "detached" });
    await picture(page, "rules-builder");
    await page.getByLabel("How the rule is joined").selectOption({ label: "One of these" });
    await tab("Text").click();
    await holds(page, '# keep me\nmodel != "b"   # and me\n  or (has_tools or headers.x-name == "value")');
  },
  { session },
);
