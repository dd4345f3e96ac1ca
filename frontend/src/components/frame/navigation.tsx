"use client";

import { Activity, Boxes, History, KeyRound, LayoutDashboard, ListTree, Settings } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { frameMessages } from "@/messages/frame";

export const PAGES = [
  { path: "/", name: "overview", icon: LayoutDashboard, key: "o" },
  { path: "/providers/", name: "providers", icon: Boxes, key: "p" },
  { path: "/models/", name: "models", icon: ListTree, key: "m" },
  { path: "/keys/", name: "keys", icon: KeyRound, key: "k" },
  { path: "/logs/", name: "logs", icon: Activity, key: "l" },
  { path: "/history/", name: "history", icon: History, key: "h" },
  { path: "/settings/", name: "settings", icon: Settings, key: "s" },
] as const;

export function Navigation({ onGo }: { onGo?: () => void }) {
  const t = useMessages(frameMessages);
  const path = usePathname();
  return (
    <nav aria-label={t.navigation} className="grid gap-0.5">
      {PAGES.map((page) => {
        const here = page.path === "/" ? path === "/" : path.startsWith(page.path);
        return (
          <Link
            aria-current={here ? "page" : undefined}
            className={cn(
              "flex items-center gap-2.5 rounded-md px-3 py-2 text-muted-foreground hover:bg-accent hover:text-foreground",
              here && "bg-accent font-medium text-foreground",
            )}
            href={page.path}
            key={page.path}
            onClick={onGo}
          >
            <page.icon aria-hidden className="size-4" />
            {t[page.name]}
          </Link>
        );
      })}
    </nav>
  );
}
