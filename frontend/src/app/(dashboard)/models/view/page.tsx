"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { ApiError } from "@/api/client";
import { ModelView } from "@/components/models/view";
import { useModel } from "@/components/rules/place";
import { Button } from "@/components/ui/button";
import { PageHead } from "@/components/ui/page";
import { Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";

export default function ModelPage() {
  const t = useMessages(modelMessages);
  const router = useRouter();
  const [wanted, setWanted] = useQueryStates({
    name: parseAsString.withDefault(""),
    tab: parseAsStringLiteral(["targets", "findings", "tests"]).withDefault("targets"),
    edit: parseAsStringLiteral(["settings"]),
  });
  const model = useModel(wanted.name);
  if (!model.data || model.error) {
    const unknown = wanted.name === "" || (model.error instanceof ApiError && model.error.status === 404);
    return (
      <>
        <PageHead title={<span className="break-all">{wanted.name || t.title}</span>} />
        {unknown ? (
          <Empty
            action={
              <Button asChild variant="outline">
                <Link href="/models/">{t.toList}</Link>
              </Button>
            }
            title={t.unknown}
          />
        ) : (
          <>
            <ErrorNote error={model.error} retry={() => model.refetch()} />
            {model.error ? null : <Skeleton className="h-96" />}
          </>
        )}
      </>
    );
  }
  return (
    <ModelView
      editing={wanted.edit === "settings"}
      key={model.data.id}
      model={model.data}
      onEdit={(editing) => setWanted({ edit: editing ? "settings" : null })}
      onRemoved={() => router.push("/models/")}
      onRenamed={(name) => setWanted({ name, edit: null })}
      onTab={(tab) => setWanted({ tab: tab as typeof wanted.tab })}
      tab={wanted.tab}
    />
  );
}
