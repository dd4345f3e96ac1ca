// What is shown once, or typed and never shown, is found nowhere afterwards: not in the document, not in what the browser
// stores, not in the values that scripts hold, not in any later answer of the gateway.
import { fill, logged, PAGES, settled, visit } from "./pages.mjs";
import { assert, base, mockUrl, password, run, setUp } from "./support.mjs";

const CREDENTIAL = "sk-secret-of-the-provider-0123456789";

const session = await setUp();
const world = await fill(session);
await run(
  async (page, context) => {
    const answers = [];
    const secrets = new Map();
    page.on("response", (response) => {
      if (new URL(response.url()).pathname.startsWith("/_next/")) return;
      answers.push(
        response
          .text()
          .then((text) => `${response.url()} ${JSON.stringify(response.headers())} ${text}`)
          .catch(() => ""), // a redirection has no body; a stream that goes on is none either
      );
    });
    const drawer = page.getByRole("dialog");
    const inDrawer = (name) => drawer.getByRole("button", { name, exact: true });

    /** What the API says it has made when a button is pressed. */
    const made = async (path, button) => {
      const making = page.waitForResponse(
        (response) => response.url().endsWith(path) && response.request().method() === "POST",
      );
      await button.click();
      const answer = await making;
      assert.equal(answer.headers()["cache-control"], "no-store");
      return answer.json();
    };

    /** Nothing of the secrets known so far is left where one could look. */
    const check = async (where) => {
      const places = await page.evaluate(async () => {
        const found = { document: document.documentElement.outerHTML, address: location.href };
        found.fields = [...document.querySelectorAll("input, textarea")].map(({ value }) => value).join("\n");
        found.storage = JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie]);
        const databases = await indexedDB.databases();
        const caches = await window.caches?.keys();
        found.databases = JSON.stringify([databases, caches]);
        return found;
      });
      for (const [name, secret] of secrets)
        for (const [place, text] of Object.entries(places))
          assert.ok(!text.includes(secret), `${name} is in ${place} at ${where}`);
    };
    /** The strings that scripts still hold: the query cache, states of components, closures. */
    const checkMemory = async () => {
      const client = await context.newCDPSession(page);
      await client.send("HeapProfiler.enable");
      await client.send("HeapProfiler.collectGarbage");
      const pieces = [];
      client.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => pieces.push(chunk));
      await client.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
      const heap = pieces.join("");
      for (const [name, secret] of secrets) assert.ok(!heap.includes(secret), `${name} is in the memory of the page`);
      await client.detach();
    };

    // A credential goes in; the key and the token come out once.
    await visit(page, "/providers/");
    await page.getByRole("button", { name: "Add provider", exact: true }).click();
    await drawer.getByLabel("Name", { exact: true }).fill("secretive");
    await drawer.getByLabel("Base URL").fill(mockUrl);
    await drawer.getByLabel("Credential", { exact: true }).fill(CREDENTIAL);
    await inDrawer("Add provider").click();
    await drawer.waitFor({ state: "hidden" });
    secrets.set("the credential", CREDENTIAL);
    await page.getByRole("button", { name: "secretive", exact: true }).click();
    await drawer.getByLabel("Credential", { exact: true }).waitFor();
    await check("the provider's drawer");
    await inDrawer("Cancel").click();

    await page.getByRole("link", { name: "API keys", exact: true }).click();
    await page.getByRole("button", { name: "New key" }).click();
    await drawer.getByLabel("Name", { exact: true }).fill("secretive");
    const { value } = await made("/api-keys", inDrawer("Make key"));
    await drawer.getByText(/^gwk_/).waitFor(); // the value itself would stay in the test's own memory
    await drawer.getByLabel("Model", { exact: true }).selectOption("demo");
    await inDrawer("Send a test call").click();
    await drawer.getByText(/^Answered with 200/).waitFor();
    await inDrawer("Copy").click();
    await inDrawer("Done").click();
    await drawer.waitFor({ state: "hidden" });
    secrets.set("the key", value);
    await page.getByRole("row").filter({ hasText: "secretive" }).waitFor();
    await check("the keys");

    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByRole("tab", { name: "Admin tokens" }).click();
    await page.getByRole("button", { name: "New token", exact: true }).click();
    await drawer.getByLabel("Name", { exact: true }).fill("secretive");
    const { token } = await made("/tokens", inDrawer("Make token"));
    await drawer.getByText("Copy it now.").waitFor();
    await inDrawer("Done").click();
    await drawer.waitFor({ state: "hidden" });
    const saidOnce = answers.length;
    secrets.set("the token", token);
    await page.getByRole("row").filter({ hasText: "secretive" }).waitFor();
    await check("the tokens");

    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await settled(page);
    await checkMemory();
    const { id } = await lastCall(session);
    await logged(session, id);
    for (const { at } of [
      ...PAGES,
      { at: () => `/logs/view/?id=${id}&tab=headers` },
      { at: () => "/settings/?tab=tokens" },
    ]) {
      await visit(page, at(world));
      await check(at(world));
    }
    secrets.set("the password", password);
    for (const answer of (await Promise.all(answers)).slice(saidOnce))
      for (const [name, secret] of secrets)
        assert.ok(!answer.includes(secret), `${name} is in a later answer: ${answer.slice(0, 200)}`);
  },
  { session },
);

async function lastCall(session) {
  const answer = await fetch(`${base}/api/admin/logs`, { headers: { cookie: `gw_session=${session}` } });
  return { id: (await answer.json()).items[0].request_id };
}
