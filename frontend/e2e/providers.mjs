// Providers: added with a test before saving, faults told apart, secrets shown nowhere, disabled, deleted.
import { createServer } from "node:http";
import { admin, assert, base, picture, run, setUp } from "./support.mjs";

const CREDENTIAL = "sk-planted-credential-0123456789";
const FAULTS = {
  401: [401, "application/json", `{"error":{"message":"Incorrect key ${CREDENTIAL}"}}`, "is not accepted here"],
  404: [404, "application/json", '{"error":"no such path"}', "lacks or doubles /v1"],
  429: [429, "application/json", '{"error":"slow down"}', "limits requests"],
  page: [200, "text/html", "<!doctype html><img src=x onerror=alert(1)>", "is that of a website"],
};

/** A provider whose first path segment names what goes wrong. */
const upstream = createServer((request, response) => {
  const [, fault] = request.url.split("/");
  const [status, type, body] = FAULTS[fault] ?? [];
  let asked = "";
  request.on("data", (piece) => {
    asked += piece;
  });
  request.on("end", () => {
    if (status) return response.writeHead(status, { "content-type": type }).end(body);
    if (request.method === "GET") return response.end('{"data":[{"id":"small"},{"id":"large"}]}');
    if (!JSON.parse(asked).stream) return response.end('{"choices":[]}');
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('data: {"choices":[]}\n\n', () => {
      if (fault === "cut") response.socket.end();
      else response.end("data: [DONE]\n\n");
    });
  });
});
await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${upstream.address().port}`;

const session = await setUp();
const before = (await admin(session, "GET", "/providers")).total;
const seen = [];
await run(
  async (page) => {
    page.on("response", async (response) => {
      if (response.url().startsWith(base) && !response.url().includes("/_next/"))
        seen.push(await response.text().catch(() => ""));
    });
    await page.goto(`${base}/providers/`);

    // Add, test, save.
    await page.getByRole("button", { name: "Add provider" }).first().click();
    const drawer = page.getByRole("dialog");
    await drawer.getByLabel("Kind").selectOption("OpenRouter");
    assert.equal(await drawer.getByLabel("Base URL").inputValue(), "https://openrouter.ai/api/v1");
    assert.equal(await drawer.getByLabel("Name").inputValue(), "openrouter");
    await drawer.getByLabel("Name").fill("mine");
    await drawer.getByLabel("Credential", { exact: true }).fill(CREDENTIAL);
    const test = async (path) => {
      await drawer.getByLabel("Base URL").fill(`${url}/${path}`);
      await drawer.getByRole("button", { name: "Test", exact: true }).click();
    };
    for (const [fault, [, , , advice]] of Object.entries(FAULTS)) {
      await test(fault);
      await drawer.getByText("It does not work yet.").waitFor();
      await drawer.getByText(advice).first().waitFor();
      if (fault === "401") await picture(page, "providers-test-401");
    }
    await test("cut");
    await drawer.getByText("broke off before its end").waitFor();
    await drawer.getByLabel("Base URL").fill("http://127.0.0.1:1");
    await drawer.getByLabel("Base URL").press("Tab");
    await drawer.getByLabel("Model to ask").press("Enter");
    await drawer.getByText("Nothing answers at this host").waitFor();
    await drawer.getByLabel("Base URL").fill("http://169.254.169.254/");
    await drawer.getByRole("button", { name: "Test", exact: true }).click();
    await drawer.getByText("This base URL can't be used.").waitFor();
    await test("v1");
    await drawer.getByText("It works: small answered.").waitFor();
    await drawer.getByText("2 models").waitFor();
    await picture(page, "providers-test-works");
    await drawer.getByRole("button", { name: "Add provider" }).click();
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "mine", exact: true }).waitFor();

    // The credential stays at its host; the drawer has an address of its own.
    await page.getByRole("button", { name: "mine", exact: true }).click();
    await drawer.getByLabel("Base URL").waitFor();
    const opened = page.url();
    assert.match(opened, /open=\d+/);
    await drawer.getByLabel("Base URL").fill("https://elsewhere.invalid");
    await drawer.getByRole("button", { name: "Save" }).click();
    await drawer.getByText("type the credential for it").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await page.goto(opened);
    assert.equal(await drawer.getByLabel("Base URL").inputValue(), `${url}/v1`);
    await page.keyboard.press("Escape");

    // A stored one is tested from its menu, by keyboard, with its stored credential.
    await page.getByRole("button", { name: "Actions for mine" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Test the connection" }).press("Enter");
    await drawer.getByText("It works: small answered.").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });

    // Nowhere afterwards.
    const kept = await page.evaluate(
      () => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    assert.ok(!kept.includes(CREDENTIAL));
    assert.ok(seen.every((text) => !text.includes(CREDENTIAL)));

    // Disable and delete say what would be lost.
    const choose = async (name) => {
      await page.getByRole("button", { name: "Actions for mine" }).click();
      await page.getByRole("menuitem", { name }).click();
    };
    await choose("Disable");
    await drawer.getByText("it answered no request").waitFor();
    await drawer.getByRole("button", { name: "Disable" }).click();
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("row", { name: /mine/ }).getByText("Disabled").waitFor();
    await choose("Delete");
    await picture(page, "providers-delete");
    await drawer.getByRole("button", { name: "Delete" }).click();
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "mine", exact: true }).waitFor({ state: "detached" });
    assert.equal((await admin(session, "GET", "/providers")).total, before);
  },
  { session },
);
upstream.closeAllConnections();
upstream.close();
