import { expect, test } from "vitest";
import { formatFor } from "@/lib/format";
import { modelMessages } from "@/messages/models";
import { changesOf } from "./changes";
import { gapAt, moved } from "./order";
import type { Model, Provider, Target } from "./queries";
import { sentencesOf } from "./sentences";
import { tellsApart } from "./share";
import { labelOf, storyOf } from "./story";

const DEFAULTS = { attempts: 3, delayMs: 1000, maxDelayMs: 5000, attemptsTotal: 8 };

const target = (id: number, provider: string, more: Partial<Target> = {}): Target =>
  ({
    id,
    provider_id: provider.length,
    provider,
    target_model: `m${id}`,
    rule: "",
    priority: 0,
    weight: 1,
    is_active: true,
    ...more,
  }) as Target;

const model = (targets: Target[], more: Partial<Model> = {}): Model =>
  ({
    name: "fast",
    rule: "",
    strategy: "round_robin",
    retry_max_attempts: null,
    retry_delay_ms: null,
    retry_max_delay_ms: null,
    max_attempts_total: null,
    final_statuses: [],
    is_active: true,
    targets,
    ...more,
  }) as Model;

const provider = (id: number, more: Partial<Provider> = {}) =>
  [id, { id, protocol: "openai", is_active: true, ...more } as Provider] as const;

const A = target(1, "azure");
const B = target(2, "openai");
const C = target(3, "mistral");

function words(one: Model, providers = new Map<number, Provider>(), language: "en" | "zh" = "en"): string[] {
  return sentencesOf(storyOf(one, providers, DEFAULTS), modelMessages[language], language, formatFor(language));
}

test("targets that take turns", () => {
  expect(words(model([A, B]))).toEqual([
    "azure and openai take turns at being first; the next in turn stands by.",
    "After 500 or more, or a timeout: the same again 1 s later, 3 tries in all; then the next target.",
    "A wait the provider asks for is kept up to 5 s; a longer one moves on to the next target.",
    "400 to 499 goes to the next target at once.",
  ]);
});

test("priorities, final statuses, rules", () => {
  const rule = 'headers.x-priority == "high"';
  const one = model([{ ...C, priority: 2 }, { ...A, rule }, B], {
    strategy: "priority",
    final_statuses: [400, 422],
    rule,
    retry_max_attempts: 1,
  });
  expect(words(one)).toEqual([
    "azure and openai take turns at being first; then mistral.",
    "The rule of the model has to let the request pass, or the answer is 422.",
    "Left out where the rule refuses: azure.",
    "After 500 or more, or a timeout: the next target at once.",
    "400 to 499 goes to the next target at once, except 400 and 422.",
  ]);
});

test("weights and the share they come to", () => {
  const one = model([{ ...A, weight: 3 }, B], { strategy: "weighted" });
  expect(words(one)[0]).toBe("First is azure for 75% and openai for 25% of the requests; the others stand by.");
  expect([...storyOf(one, new Map(), DEFAULTS).shares]).toEqual([
    [1, 0.75],
    [2, 0.25],
  ]);
});

test("the cap over all targets", () => {
  const story = storyOf(model([A, B, C], { max_attempts_total: 4 }), new Map(), DEFAULTS);
  expect(story.steps.map((step) => step.tries)).toEqual([3, 1, 0]);
  expect(words(model([A, B, C], { max_attempts_total: 4 })).at(-1)).toContain("4 tries");
});

test("one target, none, off", () => {
  expect(words(model([A]))[0]).toBe("Every request goes to azure.");
  expect(words(model([A]))[1]).toContain("the client gets the error");
  expect(words(model([{ ...A, is_active: false }]))).toEqual([modelMessages.en.storyNobody]);
  expect(words(model([A]), new Map([provider(5, { is_active: false })]))).toEqual([modelMessages.en.storyNobody]);
  expect(words(model([A], { is_active: false }))).toEqual([modelMessages.en.storyInactive]);
});

test("two formats", () => {
  const providers = new Map([provider(5), provider(6, { protocol: "anthropic" })]);
  expect(words(model([A, B]), providers).slice(-2)).toEqual([
    "Calls in the format of OpenAI can go to azure only.",
    "Calls in the format of Anthropic can go to openai only.",
  ]);
});

test("in Chinese", () => {
  expect(words(model([A, B], { strategy: "least_latency" }), new Map(), "zh")[0]).toBe(
    "azure和openai中，近来最快开始回答的在先。",
  );
});

test("names of targets", () => {
  const twice = [target(1, "azure"), target(2, "azure"), B];
  expect(twice.map((one) => labelOf(one, twice))).toEqual(["azure/m1", "azure/m2", "openai"]);
});

test("moving", () => {
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b", "c"], 1, 1)).toEqual(["a", "b", "c"]);
  expect(moved(["a", "b", "c"], 1, 2)).toEqual(["a", "b", "c"]);
  const boxes = [0, 10, 20].map((top) => ({ top, height: 10 }));
  expect([-3, 4, 6, 16, 40].map((y) => gapAt(y, boxes))).toEqual([0, 0, 1, 2, 3]);
});

test("what tells targets apart", () => {
  expect(tellsApart([A, B])).toBe("provider");
  expect(tellsApart([A, target(4, "azure")])).toBe("target_model");
  expect(tellsApart([A, target(4, "azure"), target(5, "openai", { target_model: "m1" })])).toBeNull();
});

test("changed fields only", () => {
  expect(changesOf({ a: 1, b: [1], c: "x" }, { a: 1, b: [2], c: "x" })).toEqual({ b: [2] });
});
