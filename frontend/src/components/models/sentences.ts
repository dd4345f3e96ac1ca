/** The story of a model in words. */

import type { Format } from "@/lib/format";
import type { Language } from "@/lib/i18n";
import type { modelMessages } from "@/messages/models";
import type { Story } from "./story";

type Texts = (typeof modelMessages)["en"] | (typeof modelMessages)["zh"];

export function sentencesOf(story: Story, t: Texts, language: Language, format: Format): string[] {
  if (story.entry === "inactive") return [t.storyInactive];
  if (story.entry === "nobody") return [t.storyNobody];
  const join = new Intl.ListFormat(language, { type: "conjunction" });
  const list = (names: Iterable<string>) => join.format(names);
  const said = [begin(story, t, list, format)];
  if (story.modelRule) said.push(t.storyModelRule);
  if (story.ruled.length > 0) {
    said.push(t.storyRuled(list(story.ruled), story.ruled.length === story.steps.length));
  }
  const { attempts, delayMs, maxDelayMs, attemptsTotal } = story.retry;
  const tries = Math.min(attempts, attemptsTotal);
  const more = story.steps.length > 1;
  said.push(tries > 1 ? t.storyRetry(tries, delayMs > 0 ? format.duration(delayMs) : "", more) : t.storyNoRetry(more));
  if (tries > 1 && maxDelayMs > delayMs) said.push(t.storyRetryAfter(format.duration(maxDelayMs), more));
  if (more) said.push(t.storyRefused(list(story.finalStatuses.map(String))));
  const cut = story.steps.filter((step) => step.tries < attempts).map((step) => step.label);
  if (more && cut.length > 0) said.push(t.storyCap(attemptsTotal, list(cut)));
  for (const [protocol, labels] of story.protocols) said.push(t.storyProtocol(t[protocol], list(labels)));
  return said;
}

function begin(story: Story, t: Texts, list: (names: Iterable<string>) => string, format: Format): string {
  const labels = story.steps.map((step) => step.label);
  switch (story.entry) {
    case "weighted":
      return t.storyWeighted(
        list(
          story.steps.map(({ target, label }) => t.shareOf(label, format.percent(story.shares.get(target.id) ?? 0))),
        ),
      );
    case "priority": {
      const rest = labels.slice(story.firstTier.length);
      const first = story.firstTier.length > 1 ? t.storyTurns(list(story.firstTier)) : t.storyFirst(labels[0] ?? "");
      return rest.length > 0 ? t.storyThen(first, rest) : t.storyEnd(first);
    }
    case "least_latency":
      return t.storyFastest(list(labels));
    case "round_robin":
      return t.storyEnd(t.storyTurns(list(labels)));
    default:
      return t.storyOne(labels[0] ?? "");
  }
}
