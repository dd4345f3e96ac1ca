// Every window and menu that a button of a page opens: what axe finds there in both themes, whether Escape closes it, and
// whether the focus comes back.
import { axe } from "./axe.mjs";
import { fill, PAGES, settled, visit } from "./pages.mjs";
import { assert, run, setUp } from "./support.mjs";

const OVERLAY = "[role=dialog], [role=alertdialog], [role=menu]";
const BUTTONS = "main button:visible:enabled, header button:visible:enabled, aside button:visible:enabled";
/** Leave the page, or open the operating system's windows. */
const LEFT_OUT = /^(log out|copy|中文)/i;
const MOST_BUTTONS = 12;

const problems = [];

/** The buttons of a page by their names, each kind once: in lists, what is said of every row begins alike. */
async function buttons(page) {
  const kinds = new Map();
  for (const [index, button] of (await page.locator(BUTTONS).all()).entries()) {
    const name = await button.evaluate((node) => node.ariaLabel ?? node.textContent.trim());
    const kind = name.split(" ").slice(0, 2).join(" ");
    if (!LEFT_OUT.test(name) && !kinds.has(kind)) kinds.set(kind, { index, name });
  }
  return [...kinds.values()].slice(0, MOST_BUTTONS);
}

/** Presses one, from the keyboard; true if a window or menu came up. */
async function opens(page, button) {
  const before = await page.locator(OVERLAY).count();
  await button.focus();
  await page.keyboard.press("Enter");
  const came = page.waitForFunction(
    ([overlay, count]) => document.querySelectorAll(overlay).length > count,
    [OVERLAY, before],
    { timeout: 700 },
  );
  if (!(await came.then(Boolean, () => false))) return false;
  await settled(page);
  return true;
}

/** Escape takes the window away, and the focus back to the button that opened it. */
async function closes(page, button, where) {
  await page.keyboard.press("Escape");
  const gone = page.waitForFunction((overlay) => !document.querySelector(overlay), OVERLAY, { timeout: 2000 });
  if (!(await gone.then(Boolean, () => false))) return problems.push(`${where}: Escape does not close it`);
  const back = button.evaluate(
    (node) => new Promise((done) => setTimeout(() => done(document.activeElement === node), 50)),
    undefined,
    { timeout: 1000 },
  );
  if (!(await back.catch(() => false))) {
    const at = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 100));
    problems.push(`${where}: the focus does not come back, it is at ${at}`);
  }
}

/** Opens all that buttons of the page open, and what menu entries open from there. */
async function crawl(page, name, path) {
  const here = page.url();
  const count = await page.locator(BUTTONS).count();
  for (const { index, name: label } of await buttons(page)) {
    const button = page.locator(BUTTONS).nth(index);
    const where = `${name} > ${label}`;
    if (await opens(page, button)) {
      problems.push(...(await axe(page, where, OVERLAY)));
      const entries = await page.getByRole("menuitem").allTextContents();
      await closes(page, button, where);
      for (const entry of entries.filter((entry) => !LEFT_OUT.test(entry))) {
        if (!(await opens(page, button))) break;
        if (await opens(page, page.getByRole("menuitem", { name: entry, exact: true }))) {
          problems.push(...(await axe(page, `${where} > ${entry}`, OVERLAY)));
          await closes(page, button, `${where} > ${entry}`);
        }
        await visit(page, path);
      }
      if (entries.length === 0 && page.url() === here && (await page.locator(BUTTONS).count()) === count) continue;
    }
    await visit(page, path);
  }
}

const session = await setUp();
const world = await fill(session);
await run(
  async (page) => {
    for (const { name, at } of PAGES.filter(({ name }) => (process.env.ONLY ?? name) === name)) {
      await visit(page, at(world));
      await crawl(page, name, at(world)).catch((error) => problems.push(`${name}: ${error.message}`));
    }
  },
  { session },
);
assert.equal(problems.length, 0, `\n${problems.join("\n")}`);
