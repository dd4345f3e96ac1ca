// axe-core in the page under test.
import { readFileSync } from "node:fs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** What axe finds in a part of the page as it is now, in both themes; a line for each. */
export async function axe(page, where, part = "html") {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const problems = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate((name) => document.documentElement.classList.toggle("dark", name === "dark"), theme);
    await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== "running"));
    const found = await page.evaluate((at) => window.axe.run(at, { resultTypes: ["violations"] }), part);
    for (const { id, nodes } of found.violations)
      problems.push(`${where}, ${theme}: ${id} at ${nodes.length} × ${nodes[0].html.slice(0, 200)}`);
  }
  await page.evaluate(() => document.documentElement.classList.remove("dark"));
  return problems;
}
