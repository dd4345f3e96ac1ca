// The pictures of the README: overview, rule editor with the explanation of a request, a request that failed over.
// `just pictures` puts them into docs/images.
import { settled } from "./pages.mjs";
import { admin, apiKey, assert, base, picture, run, setUp } from "./support.mjs";

const RULE = 'headers.x-priority == "high" and body.temperature <= 0.5';

async function call(model, body = {}, headers = {}) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Which way is shorter?" }], ...body }),
  });
  await answer.text();
  return answer.headers.get("x-request-id");
}

const session = await setUp();
const { items } = await admin(session, "GET", "/models/demo/targets");
await admin(session, "PATCH", `/models/demo/targets/${items[0].id}`, { rule: RULE });
for (let number = 0; number < 30; number += 1) {
  const headers = { "x-priority": number % 3 ? "high" : "low" };
  await call("demo", { temperature: (number % 10) / 10, stream: number % 2 === 0 }, headers);
}
const explained = await call("demo", { temperature: 0.7 }, { "x-priority": "high" });
const failedOver = await call("demo-failover");
for (let tries = 0; ; tries += 1) {
  assert.ok(tries < 100, "the log records have not been written");
  const { total } = await admin(session, "GET", "/logs?page_size=1");
  if (total.value >= 32) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}

await run(
  async (page) => {
    await page.goto(`${base}/?range=1h`);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.locator("canvas").nth(3).waitFor();
    await settled(page);
    await picture(page, "overview", { fullPage: false });

    await page.goto(`${base}/rules/?model=demo&target=${items[0].id}&request=${explained}`);
    await page.getByText("body.temperature <= 0.5").nth(1).waitFor();
    await settled(page);
    await picture(page, "rule", { fullPage: false });

    await page.goto(`${base}/logs/view/?id=${failedOver}`);
    await page.getByText(/after 2 tries/).waitFor();
    await settled(page);
    await picture(page, "failover", { fullPage: false });
  },
  { session, width: 1200, height: 720 },
);
