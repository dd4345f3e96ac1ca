"use client";

import { ArrowRight } from "lucide-react";
import { Fragment } from "react";
import { Card, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useLanguage, useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, useDefaults, useProviders } from "./queries";
import { sentencesOf } from "./sentences";
import { storyOf } from "./story";

/** What a request for the model meets with the configuration as it stands: the way it goes, and the same in words. */
export function Strip({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const { language } = useLanguage();
  const format = useFormat();
  const { providers, known } = useProviders();
  const defaults = useDefaults();
  if (!defaults || !known) return <Skeleton className="h-56" />;
  const story = storyOf(model, providers, defaults);
  const walks = story.entry !== "inactive" && story.steps.length > 0;
  return (
    <Card className="grid gap-3">
      <h2 className="font-semibold">{t.happens}</h2>
      {walks ? (
        <ol className="flex flex-wrap items-center gap-2 text-sm">
          {story.steps.map(({ target, label, tries }) => (
            <Fragment key={target.id}>
              <li className="flex max-w-full flex-wrap items-baseline gap-x-2 rounded-md border bg-background px-2.5 py-1">
                <span className="min-w-0 break-all font-medium">{label}</span>
                <span className="text-muted-foreground text-xs">{tries > 0 ? t.triesOf(tries) : t.notReached}</span>
              </li>
              <li aria-hidden>
                <ArrowRight className="size-4 text-muted-foreground" />
              </li>
            </Fragment>
          ))}
          <li className="text-muted-foreground text-xs">{t.clientGetsError}</li>
        </ol>
      ) : null}
      <ul className="grid gap-1 text-sm">
        {sentencesOf(story, t, language, format).map((sentence) => (
          <li className="break-words" key={sentence}>
            {sentence}
          </li>
        ))}
      </ul>
    </Card>
  );
}
