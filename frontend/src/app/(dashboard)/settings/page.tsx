"use client";

import { parseAsStringLiteral, useQueryState } from "nuqs";
import { Account } from "@/components/settings/account";
import { InForce } from "@/components/settings/in-force";
import { Lists } from "@/components/settings/lists";
import { Tokens } from "@/components/settings/tokens";
import { PageHead } from "@/components/ui/page";
import { Tab, Tabs } from "@/components/ui/tabs";
import { useMessages } from "@/lib/i18n";
import { settingMessages } from "@/messages/settings";

const TABS = ["settings", "lists", "tokens", "account"] as const;

export default function SettingsPage() {
  const t = useMessages(settingMessages);
  const [tab, setTab] = useQueryState("tab", parseAsStringLiteral(TABS).withDefault("settings"));
  return (
    <>
      <PageHead description={t.about} title={t.title} />
      <Tabs
        onChange={(value) => setTab(value as typeof tab)}
        tabs={[
          ["settings", t.inForce],
          ["lists", t.lists],
          ["tokens", t.tokens],
          ["account", t.account],
        ]}
        value={tab}
      >
        <Tab value="settings">
          <InForce />
        </Tab>
        <Tab value="lists">
          <Lists />
        </Tab>
        <Tab value="tokens">
          <Tokens />
        </Tab>
        <Tab value="account">
          <Account />
        </Tab>
      </Tabs>
    </>
  );
}
