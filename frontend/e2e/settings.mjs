// Settings: what is in force, named lists, admin tokens shown once, and a new password.
import { admin, assert, base, password, picture, run, setUp } from "./support.mjs";

const session = await setUp();

await run(
  async (page) => {
    // search, kept in the address
    await page.goto(`${base}/settings/`);
    await page.getByRole("heading", { name: "DATABASE_URL" }).waitFor();
    await page.getByLabel("Search settings").fill("retention");
    await page.waitForFunction(() => document.querySelectorAll("main li h2").length === 2);
    await page.waitForURL(/search=retention/);
    await page.getByLabel("Search settings").fill("no such thing");
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByLabel("Only those that were set").check();
    await page.getByText("Command line").first().waitFor();
    await picture(page, "settings");

    // a list: a wrong line first, then used by a rule, so that its name stays
    await page.getByRole("tab", { name: "Named lists" }).click();
    await page.getByText("No lists yet").waitFor();
    await page.getByRole("button", { name: "New list" }).click();
    await page.getByLabel("Name", { exact: true }).fill("partners");
    await page.getByLabel("Entries", { exact: true }).fill(`acme\n\n  globex  \n${"x".repeat(201)}`);
    await page.getByRole("button", { name: "Make list" }).click();
    await page.getByText("Line 4:").waitFor();
    await page.getByLabel("Entries", { exact: true }).fill("acme\n\n  globex  ");
    await page.getByRole("button", { name: "Make list" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.deepEqual((await admin(session, "GET", "/lists/partners")).entries, ["acme", "globex"]);
    await admin(session, "PATCH", "/models/demo", { rule: "api_key.name not in $partners" });
    await page.reload();
    await page.getByRole("link", { name: "demo, its own rule" }).waitFor();
    await page.getByRole("button", { name: "$partners" }).click();
    await page.getByLabel("Name", { exact: true }).fill("friends");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("These rules ask for the list").waitFor();
    await page.getByLabel("Name", { exact: true }).fill("partners");
    await page.getByLabel("Entries", { exact: true }).fill("acme\ninitech");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.deepEqual((await admin(session, "GET", "/lists/partners")).entries, ["acme", "initech"]);

    // it can't be deleted while it is used
    const remove = async () => {
      await page.getByRole("button", { name: "Delete: partners" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    };
    await remove();
    await page.getByText("These rules ask for the list").waitFor();
    await page.keyboard.press("Escape");
    await admin(session, "PATCH", "/models/demo", { rule: "" });
    await remove();
    await page.getByText("No lists yet").waitFor();

    // a token: shown once, works, and is found nowhere afterwards
    await page.getByRole("tab", { name: "Admin tokens" }).click();
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("Name", { exact: true }).fill("ci");
    await page.getByRole("button", { name: "Make token" }).click();
    await page.getByRole("dialog", { name: "The token ci" }).waitFor();
    const token = await page.getByRole("dialog").locator("pre").textContent();
    const asToken = () => fetch(`${base}/api/admin/session`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await asToken()).status, 200);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("cell", { name: "ci", exact: true }).waitFor();
    const left = await page.evaluate(
      () => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    assert.ok(!left.includes(token));
    await page.getByRole("button", { name: "Delete: ci" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No tokens yet").waitFor();
    assert.equal((await asToken()).status, 401);

    // a new password: two different ones, a wrong old one, then the right
    await page.getByRole("tab", { name: "Password" }).click();
    const change = async (current, next, again) => {
      await page.getByLabel("Password until now").fill(current);
      await page.getByLabel("New password", { exact: true }).fill(next);
      await page.getByLabel("New password again").fill(again);
      await page.getByRole("button", { name: "Change the password" }).click();
    };
    await change(password, "another good password", "another bad password");
    await page.getByText("The two differ.").waitFor();
    await change("not the password", "another good password", "another good password");
    await page.getByRole("tabpanel").getByRole("alert").waitFor();
    await change(password, "another good password", "another good password");
    await page.getByText("The password is changed.").first().waitFor();
    assert.equal(await page.getByLabel("New password", { exact: true }).inputValue(), "");
    await page.reload();
    await page.getByLabel("Password until now").waitFor();
  },
  { session },
);
