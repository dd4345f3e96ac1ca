// Following the log while requests come: every one is told of, and the page stays responsive. TAIL_SECONDS and TAIL_RATE
// make it long; by itself it is a short run.
import { admin, apiKey, assert, base, run, setUp } from "./support.mjs";

const seconds = Number(process.env.TAIL_SECONDS ?? 4);
const rate = Number(process.env.TAIL_RATE ?? 50);
const total = seconds * rate;
const MOST_STILL = 500;
/** Milliseconds between two frames, at worst: machines that test are busy with the gateway and its load as well. */

const session = await setUp();

async function call() {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
  });
  await answer.arrayBuffer();
  return answer.headers.get("x-request-id");
}

await run(
  async (page, context) => {
    await page.goto(`${base}/logs/`);
    await page.getByRole("button", { name: "Live", exact: true }).click();
    await page.getByText("Live: on").or(page.locator("[data-heard]")).first().waitFor({ state: "attached" });
    await page.waitForTimeout(1000);
    await page.evaluate(() => {
      window.frames_ = [];
      let last = performance.now();
      const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    const devtools = await context.newCDPSession(page);
    const heap = async () => {
      await devtools.send("HeapProfiler.collectGarbage");
      return (await devtools.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
    };
    const before = await heap();
    const sent = [];
    const started = performance.now();
    while (sent.length < total) {
      const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * rate));
      while (sent.length < due) sent.push(call());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const ids = await Promise.all(sent);
    const took = (performance.now() - started) / 1000;
    await page.waitForFunction(
      (wanted) => Number(document.querySelector("[data-heard]").dataset.heard) >= wanted,
      total,
    );
    const heard = Number(await page.locator("[data-heard]").getAttribute("data-heard"));
    assert.equal(heard, total, "each request is told of once");
    const frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b);
    const worst = frames.at(-1);
    const grown = (await heap()) - before;
    console.log(
      `${total} requests in ${took.toFixed(1)} s, all heard; frames: p99 ${frames[Math.floor(frames.length * 0.99)].toFixed(0)} ms, ` +
        `worst ${worst.toFixed(0)} ms; heap +${grown.toFixed(1)} MiB`,
    );
    assert.ok(worst < MOST_STILL, `the page stood still for ${worst} ms`);
    assert.ok(grown < 50, `the page grew by ${grown} MiB`);
    const { items } = await admin(session, "GET", "/logs?page_size=1");
    assert.ok(ids.includes(items[0].request_id));
    await page
      .getByRole("link", { name: /^Open the request of/ })
      .first()
      .waitFor();
  },
  { session },
);
