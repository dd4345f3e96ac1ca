"use client";

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Boxes, ListTree, Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { Dialog } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { api, data } from "@/api/client";
import { Button } from "@/components/ui/button";
import { useReturnFocus } from "@/components/ui/return-focus";
import { useMessages } from "@/lib/i18n";
import { frameMessages } from "@/messages/frame";
import { PAGES } from "./navigation";

const ITEM = "flex items-center gap-2 rounded-sm px-2 py-2 data-[selected=true]:bg-accent [&_svg]:size-4";

/** Ctrl-K or ⌘K: go anywhere by typing. `g` and then a page's letter goes there at once. */
export function Palette() {
  const t = useMessages(frameMessages);
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const goingTo = useRef(0);
  const returnFocus = useReturnFocus();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "k" && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        setOpen((before) => !before);
        return;
      }
      const place = event.target as HTMLElement;
      const typing = place.closest("input, textarea, select, [contenteditable], [role=menu], [role=dialog]");
      if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
      const page = PAGES.find(({ key }) => key === event.key);
      if (page && event.timeStamp - goingTo.current < 1000) router.push(page.path);
      goingTo.current = event.key === "g" ? event.timeStamp : 0;
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [router]);
  const models = useQuery({
    queryKey: ["models", "palette"],
    queryFn: () => data(api.GET("/api/admin/models", { params: { query: { page_size: 200 } } })),
    enabled: open,
  });
  const providers = useQuery({
    queryKey: ["providers", "palette"],
    queryFn: () => data(api.GET("/api/admin/providers", { params: { query: { page_size: 200 } } })),
    enabled: open,
  });
  const go = (path: string) => {
    setOpen(false);
    router.push(path);
  };
  return (
    <>
      <Button
        className="justify-start text-muted-foreground"
        onClick={() => setOpen(true)}
        size="small"
        variant="outline"
      >
        <Search />
        {t.search}
        <kbd className="ml-auto hidden font-mono text-xs md:inline">Ctrl K</kbd>
      </Button>
      <Dialog.Root onOpenChange={setOpen} open={open}>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
          <Dialog.Content
            aria-describedby={undefined}
            className="fixed top-[15vh] left-1/2 z-50 w-[calc(100%-2rem)] max-w-lg -translate-x-1/2 rounded-lg border bg-card shadow-lg"
            {...returnFocus}
          >
            <Dialog.Title className="sr-only">{t.search}</Dialog.Title>
            <Command label={t.search}>
              <Command.Input className="w-full border-b bg-transparent p-3 outline-none" placeholder={t.searchHint} />
              <Command.List className="max-h-80 overflow-y-auto p-1">
                <Command.Empty className="p-4 text-center text-muted-foreground">{t.nothingFound}</Command.Empty>
                {PAGES.map((page) => (
                  <Command.Item
                    className={ITEM}
                    key={page.path}
                    onSelect={() => go(page.path)}
                    value={`${page.name} ${t[page.name]}`}
                  >
                    <page.icon aria-hidden />
                    {t[page.name]}
                  </Command.Item>
                ))}
                {models.data?.items.map((model) => (
                  <Command.Item
                    className={ITEM}
                    key={`m${model.id}`}
                    onSelect={() => go(`/models/view/?name=${encodeURIComponent(model.name)}`)}
                    value={`model ${model.name}`}
                  >
                    <ListTree aria-hidden />
                    {model.name}
                  </Command.Item>
                ))}
                {providers.data?.items.map((provider) => (
                  <Command.Item
                    className={ITEM}
                    key={`p${provider.id}`}
                    onSelect={() => go(`/providers/?open=${provider.id}`)}
                    value={`provider ${provider.name}`}
                  >
                    <Boxes aria-hidden />
                    {provider.name}
                  </Command.Item>
                ))}
              </Command.List>
            </Command>
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  );
}
