"use client";

import { Menu as MenuIcon } from "lucide-react";
import { useState } from "react";
import { Account } from "@/components/frame/account";
import { Navigation } from "@/components/frame/navigation";
import { Palette } from "@/components/frame/palette";
import { SessionGate } from "@/components/frame/session";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { useMessages } from "@/lib/i18n";
import { frameMessages } from "@/messages/frame";

export default function DashboardLayout({ children }: { children: React.ReactNode }) {
  const t = useMessages(frameMessages);
  const [menu, setMenu] = useState(false);
  return (
    <SessionGate>
      <a className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-card focus:p-3" href="#content">
        {t.skip}
      </a>
      <div className="min-h-screen md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
        <aside className="sticky top-0 hidden h-screen flex-col gap-4 border-r bg-card p-3 md:flex">
          <Brand />
          <Palette />
          <Navigation />
          <div className="mt-auto grid">
            <Account />
          </div>
        </aside>
        <header className="sticky top-0 z-30 flex items-center gap-2 border-b bg-card p-2 md:hidden">
          <Button aria-label={t.menu} onClick={() => setMenu(true)} size="icon" variant="ghost">
            <MenuIcon />
          </Button>
          <Brand />
        </header>
        <Dialog className="max-w-72" onOpenChange={setMenu} open={menu} side title={t.menu}>
          <Navigation onGo={() => setMenu(false)} />
          <div className="mt-auto grid">
            <Account />
          </div>
        </Dialog>
        <main className="mx-auto w-full max-w-7xl p-4 md:p-6" id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </SessionGate>
  );
}

function Brand() {
  return (
    <p className="flex items-center gap-2 px-2 font-semibold">
      {/* biome-ignore lint/performance/noImgElement: a static export has no image server */}
      <img alt="" height={22} src="/icon.svg" width={22} />
      LLM Gateway
    </p>
  );
}
