// Every page: what axe finds in both themes, whether Tab reaches all and shows where it is, and whether 360 pixels are
// enough. `windows.mjs` next door does it for what buttons open.
import { axe } from "./axe.mjs";
import { ENTRANCES, fill, PAGES, visit } from "./pages.mjs";
import { assert, picture, run, setUp } from "./support.mjs";

const problems = [];

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
    // The editor marks itself a moment later.
    await page.waitForFunction(() => document.activeElement.closest(".cm-editor")?.matches(".cm-focused") ?? true);
    const { number, marked, html } = await page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const marked = style.outlineStyle !== "none" || style.boxShadow !== "none" || node === document.body;
      const editor = node.closest(".cm-editor");
      const around = [editor, editor?.parentElement].filter(Boolean);
      return {
        number: node.dataset.tab,
        marked: marked || around.some((node) => getComputedStyle(node).outlineStyle !== "none"),
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
    problems.push(...(await axe(page, name)));
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
  problems.push(...(await axe(page, name)));
  await picture(page, name);
  await tabs(page, name);
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
