// What a page costs: JavaScript that its document names, and what comes later; time until the largest part is painted; how
// much it jumps.
import { ENTRANCES, fill, PAGES, settled } from "./pages.mjs";
import { assert, base, run, setUp } from "./support.mjs";

const MOST_SCRIPT = 300_000;
/** The measuring machine may be busy with other tests: these catch what is broken, not what is slow. */
const MOST_PAINT_MS = 5000;
const MOST_SHIFT = 0.1;

const session = await setUp();
const world = await fill(session);
const problems = [];

async function measure(page, { name, at }) {
  const scripts = [];
  page.on("response", (response) => {
    if (response.headers()["content-type"]?.startsWith("text/javascript")) scripts.push(response);
  });
  const document = await page.goto(base + at(world));
  await settled(page);
  const named = new Set(
    [...(await document.text()).matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, path]) => base + path),
  );
  let first = 0;
  let later = 0;
  for (const response of scripts) {
    const { responseBodySize } = await response.request().sizes();
    if (named.has(response.url())) first += responseBodySize;
    else later += responseBodySize;
  }
  const { paint, shift } = await page.evaluate(
    () =>
      new Promise((done) => {
        const found = { paint: 0, shift: 0 };
        const seen = new PerformanceObserver((list) => {
          for (const entry of list.getEntries())
            if (entry.entryType === "layout-shift") found.shift += entry.hadRecentInput ? 0 : entry.value;
            else found.paint = entry.startTime;
        });
        seen.observe({ type: "largest-contentful-paint", buffered: true });
        seen.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(found), 200);
      }),
  );
  console.log(
    `${name.padEnd(10)} script ${Math.round(first / 1000)} kB, later ${Math.round(later / 1000)} kB;`,
    `largest paint ${Math.round(paint)} ms, shift ${shift.toFixed(3)}`,
  );
  if (first > MOST_SCRIPT) problems.push(`${name}: ${first} bytes of script`);
  if (paint > MOST_PAINT_MS) problems.push(`${name}: largest paint after ${paint} ms`);
  if (shift > MOST_SHIFT) problems.push(`${name}: shifts by ${shift}`);
}

for (const [pages, options] of [
  [ENTRANCES, {}],
  [PAGES, { session }],
])
  for (const page of pages) await run((tab) => measure(tab, page), options); // a fresh profile each: nothing is cached
assert.deepEqual(problems, []);
