"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsBoolean, parseAsString, useQueryStates } from "nuqs";
import { api, data, type Schemas } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Checkbox, Input } from "@/components/ui/field";
import { Badge, Card, Empty, ErrorNote, Skeleton } from "@/components/ui/states";
import { useFormat } from "@/lib/format";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";

type Setting = Schemas["SystemSetting"];

/** What the process that answers runs with, and where each value was given. */
export function InForce() {
  const t = useMessages(settingMessages);
  const [wanted, setWanted] = useQueryStates({
    search: parseAsString.withDefault(""),
    given: parseAsBoolean.withDefault(false),
  });
  const system = useQuery({ queryKey: ["system"], queryFn: () => data(api.GET("/api/admin/system")) });
  const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = system.data?.settings.filter((setting) => {
    const text = `${setting.name} ${setting.description} ${setting.value ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word)) && (!wanted.given || setting.source !== "default");
  });
  return (
    <div className="grid grid-cols-1 gap-4">
      <ErrorNote error={system.error} retry={() => system.refetch()} />
      {system.data ? <Facts system={system.data} /> : <Skeleton className="h-20" />}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Input
          aria-label={t.search}
          className="max-w-64"
          onChange={(event) => setWanted({ search: event.target.value || null })}
          placeholder={t.search}
          type="search"
          value={wanted.search}
        />
        <Checkbox
          checked={wanted.given}
          label={t.changedOnly}
          onChange={(event) => setWanted({ given: event.target.checked || null })}
        />
      </div>
      <p className="text-muted-foreground">{t.howTo}</p>
      {system.isPending ? <Skeleton className="h-96" /> : null}
      {found && found.length > 0 ? <SettingList settings={found} /> : null}
      {found?.length === 0 ? (
        <Empty
          action={
            <Button onClick={() => setWanted({ search: null, given: null })} variant="outline">
              {t.relax}
            </Button>
          }
          title={t.noMatch}
        />
      ) : null}
    </div>
  );
}

/** No table: on a narrow screen the value stands under its name. */
function SettingList({ settings }: { settings: Setting[] }) {
  const t = useMessages(settingMessages);
  return (
    <ul aria-label={t.inForce} className="divide-y rounded-lg border bg-card">
      {settings.map((setting) => (
        <li
          className="grid grid-cols-1 gap-x-4 gap-y-1 p-3 md:grid-cols-[minmax(0,1fr)_minmax(0,20rem)_7rem] md:items-center"
          key={setting.name}
        >
          <div className="min-w-0">
            <h2 className="break-all font-mono text-xs">{setting.name}</h2>
            <p className="break-words text-muted-foreground text-xs">{setting.description}</p>
          </div>
          <p className="break-all font-mono text-xs">
            <Value setting={setting} />
          </p>
          <p>
            <span className="sr-only">{t.source}: </span>
            <Badge tone={setting.source === "default" ? "neutral" : "primary"}>{t[setting.source]}</Badge>
          </p>
        </li>
      ))}
    </ul>
  );
}

function Value({ setting }: { setting: Setting }) {
  const t = useMessages(settingMessages);
  const remark = (text: string) => <span className="font-sans text-muted-foreground">{text}</span>;
  if (setting.is_secret) return remark(setting.is_set ? t.isSet : t.notSet);
  if (setting.value === null) return remark(t.notSet);
  return setting.value === "" ? remark(t.empty) : setting.value;
}

function Facts({ system }: { system: Schemas["System"] }) {
  const t = useMessages(settingMessages);
  const format = useFormat();
  const facts = [
    [t.name, system.name],
    [t.version, system.version],
    [t.database, t[system.database]],
    [t.running, useSpan()(system.uptime_seconds)],
    [t.revision, t.revisionOf(format.number(system.configuration.revision))],
  ] as const;
  return (
    <Card>
      <dl className="grid grid-cols-2 gap-3 md:grid-cols-5">
        {facts.map(([name, value]) => (
          <div className="min-w-0" key={name}>
            <dt className="text-muted-foreground text-xs">{name}</dt>
            <dd className="break-words font-medium">{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

/** `2 days 3 hours`, `5 minutes`. */
function useSpan(): (seconds: number) => string {
  const t = useMessages(settingMessages);
  return (seconds) => {
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (hours === 0) return t.minutes(minutes);
    const days = Math.floor(hours / 24);
    return days === 0 ? `${t.hours(hours)} ${t.minutes(minutes % 60)}` : `${t.days(days)} ${t.hours(hours % 24)}`;
  };
}
