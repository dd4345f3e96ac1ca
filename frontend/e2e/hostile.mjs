// Two hundred hostile texts wherever somebody else's words come in: prompts, answers, errors of providers, headers, names,
// notes, rules, addresses of pages. All pages that show them are visited. Nothing may run or be fetched, and the
// Content-Security-Policy may have nothing to stop: `run` sees to the last two.
import { createServer } from "node:http";
import { fill, logged, settled, visit } from "./pages.mjs";
import { PAYLOADS } from "./payloads.mjs";
import { admin, apiKey, assert, base, picture, run, setUp } from "./support.mjs";

const A_CALL = 20;
const calls = Array.from({ length: PAYLOADS.length / A_CALL }, (_, at) =>
  PAYLOADS.slice(at * A_CALL, (at + 1) * A_CALL),
);

/** Says what it is told to say: as an answer, as a stream, or as an error, in JSON and in HTML. */
const upstream = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const { model, messages } = JSON.parse(body || "{}");
  const said = messages?.map(({ content }) => content).join("\n") ?? "";
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  if (model === "answer") {
    const choices = [{ index: 0, message: { role: "assistant", content: said }, finish_reason: "stop" }];
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ id: PAYLOADS[0], object: "chat.completion", model: said.slice(0, 99), choices, usage }),
    );
  } else if (model === "stream") {
    response.setHeader("content-type", "text/event-stream");
    for (const content of said.split("\n"))
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    response.end("data: [DONE]\n\n");
  } else if (model === "error") {
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: said, type: said.slice(0, 50), code: PAYLOADS[1] } }));
  } else {
    response.writeHead(500, { "content-type": "text/html" });
    response.end(`<html><body>${said}</body></html>`);
  }
});
await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));

const session = await setUp();
await fill(session);

/** Makes one thing named by each text; names that are refused as such cannot be shown. The things made. */
async function make(path, body) {
  const made = [];
  for (const [at, text] of PAYLOADS.entries()) {
    const answer = await fetch(`${base}/api/admin${path}`, {
      method: "POST",
      headers: { cookie: `gw_session=${session}`, origin: base, "content-type": "application/json" },
      body: JSON.stringify(body(text, at)),
    });
    if (answer.ok) made.push(await answer.json());
    else assert.equal(answer.status, 422, await answer.text());
  }
  console.log(`${made.length} × ${path}`);
  return made;
}

const { port } = upstream.address();
const printable = (text) => text.replace(/[^ -~]/g, "").trim();
const providers = await make("/providers", (text) => ({
  name: text,
  protocol: "openai",
  base_url: `http://127.0.0.1:${port}`,
  notes: text,
  headers: { "x-note": printable(text) },
}));
assert.ok(providers.length > 100);
const ruleOf = (at) => calls[at % calls.length].map((text) => `body.user == ${JSON.stringify(text)}`).join(" or ");
const target = { provider_id: providers[0].id, target_model: PAYLOADS[0] };
const models = await make("/models", (text, at) => ({
  name: text,
  notes: text,
  targets: [{ ...target, rule: at < calls.length ? ruleOf(at) : "" }],
}));
assert.ok(models.length > 60);
const keys = await make("/api-keys", (text) => ({ name: text, tags: [text.slice(0, 64)], metadata: { note: text } }));
assert.ok(keys.length > 100);
await make("/lists", (text) => ({ name: `list_${PAYLOADS.indexOf(text)}`, entries: [text] }));
for (const name of ["answer", "stream", "error", "html"])
  await admin(session, "POST", "/models", {
    name: `hostile-${name}`,
    targets: [{ provider_id: providers[1].id, target_model: name }],
  });

/** A call through the proxy that carries some of the texts everywhere; its id. */
async function send(model, texts, key = apiKey) {
  const headers = texts.map((text, at) => [`x-text-${at}`, printable(text)]);
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "user-agent": printable(texts[0]),
      ...Object.fromEntries(headers),
    },
    body: JSON.stringify({
      model,
      user: texts[0],
      stream: model.endsWith("stream"),
      messages: texts.map((content) => ({ role: "user", content })),
    }),
  });
  await answer.text();
  return answer.headers.get("x-request-id");
}

const records = [];
for (const [at, texts] of calls.entries()) {
  for (const name of ["answer", "error"]) records.push(await send(`hostile-${name}`, texts, keys[at].value));
}
for (const name of ["hostile-stream", "hostile-html", models[0].name]) records.push(await send(name, calls[0]));
let last = "";
for (const text of PAYLOADS) last = await send(text, [text]); // models that mostly are none
await logged(session, last);

await run(
  async (page) => {
    page.on("dialog", (dialog) => assert.fail(`a window came up: ${dialog.message()}`));
    const strays = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      const known = /^\/(api\/admin|_next|providers|models|rules|keys|logs|history|settings|login)\/|^\/[\w.!-]*$/;
      if (!known.test(pathname)) strays.push(pathname);
    });
    const check = async (where) => {
      const found = await page.evaluate(() => ({
        ran: window.ran,
        elements: document.querySelectorAll(
          "main :is(script, iframe, object, embed, base, meta, link, style, video, audio, image, marquee, portal)",
        ).length,
        links: [...document.querySelectorAll("a[href], form[action], [src]")]
          .map((node) => node.getAttribute("href") ?? node.getAttribute("action") ?? node.getAttribute("src"))
          .filter((address) => !/^(\/(?![/\\])|#|\?)/.test(address)),
        handlers: [...document.querySelectorAll("*")].filter((node) =>
          node.getAttributeNames().some((name) => name.startsWith("on")),
        ).length,
      }));
      assert.deepEqual(found, { ran: undefined, elements: 0, links: [], handlers: 0 }, where);
    };
    const look = async (path, then) => {
      await visit(page, path);
      await then?.();
      await check(path);
    };
    const opened = async (name) => {
      await page.getByRole("tab", { name, exact: true }).click();
      await settled(page);
    };

    const lists = {
      "/": 1,
      "/providers/": providers.length / 20,
      "/models/": 3,
      "/keys/": keys.length / 20,
      "/history/": 3,
    };
    for (const [path, most] of Object.entries(lists))
      for (let number = 1; number <= most + 1; number++) await look(`${path}?page=${number}`);
    await look("/keys/?page=1", async () => {
      await page
        .getByRole("button", { name: /^Actions for/ })
        .last()
        .click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await check("a confirmation");
    });
    for (const { id } of providers.slice(0, 3)) await look(`/providers/?open=${id}`);
    for (const { name } of models.slice(0, 3)) {
      await look(`/models/view/?name=${encodeURIComponent(name)}`);
      await look(`/models/view/?name=${encodeURIComponent(name)}&edit=settings`);
      await look(`/rules/?model=${encodeURIComponent(name)}`);
    }
    for (const { name, targets } of models.slice(0, calls.length))
      await look(`/rules/?model=${encodeURIComponent(name)}&target=${targets[0].id}`, async () => {
        await opened("Builder");
        await opened("Findings");
      });
    for (const tab of ["settings", "lists", "tokens", "account"]) await look(`/settings/?tab=${tab}`);
    for (const size of ["50", "200"])
      await look(`/logs/?size=${size}`, async () => {
        for (let rest = 0; rest < 4; rest++) {
          await check("the list of the logs");
          await page.mouse.wheel(0, 2000);
        }
      });
    await picture(page, "hostile-logs");
    for (const id of records) {
      await visit(page, `/logs/view/?id=${id}`);
      for (const tab of ["Decision", "Messages", "Raw", "Headers", "Details"]) {
        await opened(tab);
        await check(`${tab} of ${id}`);
        if (id === records[1]) await picture(page, `hostile-${tab}`);
      }
    }
    await look("/", async () => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("<");
      await settled(page);
      await picture(page, "hostile-palette");
    });
    // In the address of a page.
    for (const text of PAYLOADS.filter((_, at) => at % 40 === 0)) {
      const value = encodeURIComponent(text);
      for (const path of [
        `/logs/?filter=${encodeURIComponent(`model == ${JSON.stringify(text)}`)}&range=${value}&from=${value}`,
        `/keys/?search=${value}&state=${value}&page=${value}`,
        `/models/view/?name=${value}&tab=${value}`,
        `/rules/?model=${value}&suggest=${value}`,
        `/logs/view/?id=${value}`,
        `/history/?resource=${value}&resource_name=${value}`,
      ])
        await look(path);
    }
    assert.deepEqual([...new Set(strays)], []);
  },
  { session },
);
upstream.close();
upstream.closeAllConnections();
