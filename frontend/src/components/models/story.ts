/** What a request for a model meets: the facts of it, from the configuration alone. Their words are in `sentences.ts`. */

import type { Schemas } from "@/api/client";

type Model = Schemas["Model"];
type Target = Schemas["Target"];
type Provider = Schemas["Provider"];

/** The settings in force where a model has none of its own. */
export interface Defaults {
  attempts: number;
  delayMs: number;
  maxDelayMs: number;
  attemptsTotal: number;
}

/** How the first target of a request is found. */
export type Entry = "inactive" | "nobody" | "one" | Model["strategy"];

export interface Step {
  target: Target;
  label: string;
  /** Tries it gets where all before it failed with 500 or more. */
  tries: number;
}

export interface Story {
  entry: Entry;
  /** The targets in use, in an order a request may find them in. */
  steps: Step[];
  /** Share of the requests each begins with, by target, where all rules pass; none where it can't be foreseen. */
  shares: Map<number, number>;
  /** Labels of the targets of the first priority, where the strategy goes by priority. */
  firstTier: string[];
  modelRule: boolean;
  /** Labels of the targets with a rule. */
  ruled: string[];
  retry: Defaults;
  finalStatuses: number[];
  /** Labels by protocol, where there is more than one. */
  protocols: Map<Provider["protocol"], string[]>;
}

/** The provider's name; with the target model where it stands for more than one target. */
export function labelOf(target: Target, targets: Target[]): string {
  const alone = targets.filter((other) => other.provider_id === target.provider_id).length < 2;
  return alone ? target.provider : `${target.provider}/${target.target_model}`;
}

/** Targets that routing may use. A provider that is not known counts as active. */
export function inUse(targets: Target[], providers: Map<number, Provider>): Target[] {
  return targets.filter((target) => target.is_active && providers.get(target.provider_id)?.is_active !== false);
}

export function storyOf(model: Model, providers: Map<number, Provider>, defaults: Defaults): Story {
  const retry = {
    attempts: model.retry_max_attempts ?? defaults.attempts,
    delayMs: model.retry_delay_ms ?? defaults.delayMs,
    maxDelayMs: model.retry_max_delay_ms ?? defaults.maxDelayMs,
    attemptsTotal: model.max_attempts_total ?? defaults.attemptsTotal,
  };
  const used = inUse(model.targets, providers);
  const order = model.strategy === "priority" ? used.toSorted((a, b) => a.priority - b.priority) : used;
  let left = retry.attemptsTotal;
  const steps = order.map((target) => {
    const tries = Math.min(retry.attempts, left);
    left -= tries;
    return { target, label: labelOf(target, model.targets), tries };
  });
  const protocols = new Map<Provider["protocol"], string[]>();
  for (const { target, label } of steps) {
    const protocol = providers.get(target.provider_id)?.protocol;
    if (protocol) protocols.set(protocol, [...(protocols.get(protocol) ?? []), label]);
  }
  return {
    entry: entryOf(model, steps.length),
    steps,
    shares: sharesOf(model.strategy, order),
    firstTier: steps.filter(({ target }) => target.priority === order[0]?.priority).map(({ label }) => label),
    modelRule: model.rule.trim() !== "",
    ruled: steps.filter(({ target }) => target.rule.trim() !== "").map(({ label }) => label),
    retry,
    finalStatuses: model.final_statuses,
    protocols: protocols.size > 1 ? protocols : new Map(),
  };
}

function entryOf(model: Model, targets: number): Entry {
  if (!model.is_active) return "inactive";
  if (targets === 0) return "nobody";
  return targets === 1 ? "one" : model.strategy;
}

function sharesOf(strategy: Model["strategy"], order: Target[]): Map<number, number> {
  const first = order.filter((target) => strategy !== "priority" || target.priority === order[0]?.priority);
  if (strategy === "least_latency" && order.length > 1) return new Map();
  const weight = (target: Target) => (strategy === "weighted" ? target.weight : 1);
  const sum = first.reduce((total, target) => total + weight(target), 0);
  return new Map(order.map((target) => [target.id, first.includes(target) ? weight(target) / sum : 0]));
}
