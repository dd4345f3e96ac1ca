// Every page, and every window and menu that a button opens: what axe finds in both themes, whether the keyboard reaches
// all and comes back, and whether 360 pixels are enough.
import { readFileSync } from "node:fs";
import { ENTRANCES, fill, PAGES, settled, visit } from "./pages.mjs";
import { assert, picture, run, setUp } from "./support.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const OVERLAY = "[role=dialog], [role=alertdialog], [role=menu]";
const BUTTONS = "main button:visible:enabled, header button:visible:enabled, aside button:visible:enabled";
/** Leave the page, or open the operating system's windows. */
const LEFT_OUT = /^(log out|copy|中文)/i;
const MOST_BUTTONS = 12;

const problems = [];

/** What axe finds in a part of the page as it is now, in both themes. */
async function axe(page, where, part = "html") {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  for (const theme of ["light", "dark"]) {
    await page.evaluate((name) => document.documentElement.classList.toggle("dark", name === "dark"), theme);
    await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== "running"));
    const found = await page.evaluate((at) => window.axe.run(at, { resultTypes: ["violations"] }), part);
    for (const { id, nodes } of found.violations)
      problems.push(`${where}, ${theme}: ${id} at ${nodes.length} × ${nodes[0].html.slice(0, 200)}`);
  }
  await page.evaluate(() => document.documentElement.classList.remove("dark"));
}

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
      await axe(page, where, OVERLAY);
      const entries = await page.getByRole("menuitem").allTextContents();
      await closes(page, button, where);
      for (const entry of entries.filter((entry) => !LEFT_OUT.test(entry))) {
        if (!(await opens(page, button))) break;
        if (await opens(page, page.getByRole("menuitem", { name: entry, exact: true }))) {
          await axe(page, `${where} > ${entry}`, OVERLAY);
          await closes(page, button, `${where} > ${entry}`);
        }
        await visit(page, path);
      }
      if (entries.length === 0 && page.url() === here && (await page.locator(BUTTONS).count()) === count) continue;
    }
    await visit(page, path);
  }
}

/** Tab goes from the first control to the last; each shows that it has the focus. */
async function tabs(page, name) {
  await page.evaluate(() => document.activeElement?.blur());
  const wanted = await page.evaluate(() => {
    const all = document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']");
    const radios = new Set(["radio", "radiogroup", "tab", "tablist", "option"]); // arrow keys go on from the first
    const reachable = [...all].filter(
      (node) =>
        node.checkVisibility({ visibilityProperty: true }) &&
        node.tabIndex >= 0 &&
        !node.disabled &&
        !radios.has(node.role ?? node.type),
    );
    for (const [number, node] of reachable.entries()) node.dataset.tab = String(number);
    return reachable.length;
  });
  const seen = new Set();
  for (let presses = 0; presses < wanted + 30 && seen.size < wanted; presses++) {
    await page.keyboard.press("Tab");
    const { number, marked, html } = await page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const marked = style.outlineStyle !== "none" || style.boxShadow !== "none" || node === document.body;
      const editor = node.closest(".cm-editor");
      return {
        number: node.dataset.tab,
        marked: marked || (editor && getComputedStyle(editor).outlineStyle !== "none"),
        html: node.outerHTML.slice(0, 120),
      };
    });
    if (number !== undefined) seen.add(number);
    if (!marked) problems.push(`${name}: the focus does not show at ${html}`);
  }
  const missed = await page.evaluate(
    (seen) =>
      [...document.querySelectorAll("[data-tab]")]
        .filter((node) => !seen.includes(node.dataset.tab))
        .map((node) => node.outerHTML.slice(0, 120)),
    [...seen],
  );
  for (const html of missed) problems.push(`${name}: Tab does not reach ${html}`);
}

async function narrow(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) problems.push(`${where}: scrolls sideways by ${wide} pixels`);
}

await run(async (page) => {
  for (const { name, at } of ENTRANCES) {
    await visit(page, at());
    await axe(page, name);
    await tabs(page, name);
    await page.setViewportSize({ width: 360, height: 740 });
    await narrow(page, `${name} at 360`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
});
const session = await setUp();
const world = await fill(session);
const pages = PAGES.filter(({ name }) => (process.env.ONLY ?? name) === name);
/** What fails on one page does not hide what is wrong with the next. */
const onAll = (test, size) =>
  run(
    async (page) => {
      for (const { name, at } of pages)
        await test(page, name, at(world)).catch((error) => problems.push(`${name}: ${error.message}`));
    },
    { session, ...size },
  );
await onAll(async (page, name, path) => {
  await visit(page, path);
  await axe(page, name);
  await picture(page, name);
  await tabs(page, name);
  await visit(page, path);
  await crawl(page, name, path);
});
await onAll(
  async (page, name, path) => {
    await visit(page, path);
    await narrow(page, `${name} at 360`);
    await picture(page, `${name}-narrow`);
  },
  { width: 360, height: 740, dark: true },
);
assert.equal(problems.length, 0, `\n${problems.join("\n")}`);
