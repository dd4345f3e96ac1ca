"use client";

import { useQueryClient } from "@tanstack/react-query";
import { CircleUser, LogOut } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import { Button } from "@/components/ui/button";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from "@/components/ui/menu";
import { useToast } from "@/components/ui/toast";
import { type Language, useLanguage, useMessages } from "@/lib/i18n";
import { frameMessages } from "@/messages/frame";
import { useSession } from "./session";

/** Theme, language, and the way out. */
export function Account() {
  const t = useMessages(frameMessages);
  const { language, choose } = useLanguage();
  const session = useSession();
  const client = useQueryClient();
  const router = useRouter();
  const toast = useToast();
  const [theme, setTheme] = useTheme();
  return (
    <Menu
      trigger={
        <Button className="max-w-full justify-start" variant="ghost">
          <CircleUser />
          <span className="truncate">{session.name}</span>
        </Button>
      }
    >
      <MenuLabel>{t.theme}</MenuLabel>
      <MenuChoice
        onChange={setTheme}
        options={[
          ["system", t.system],
          ["light", t.light],
          ["dark", t.dark],
        ]}
        value={theme}
      />
      <MenuSeparator />
      <MenuLabel>{t.language}</MenuLabel>
      <MenuChoice
        onChange={(value) => choose(value as Language)}
        options={[
          ["en", "English"],
          ["zh", "中文"],
        ]}
        value={language}
      />
      <MenuSeparator />
      <MenuItem
        onSelect={async () => {
          try {
            await api.DELETE("/api/admin/session");
            client.clear();
            router.replace("/login/");
          } catch (error) {
            toast.fail(error);
          }
        }}
      >
        <LogOut aria-hidden />
        {t.logOut}
      </MenuItem>
    </Menu>
  );
}

function useTheme(): [string, (theme: string) => void] {
  const [theme, setTheme] = useState("system");
  useEffect(() => setTheme(localStorage.getItem("theme") ?? "system"), []);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      const chosen = localStorage.getItem("theme");
      const dark = chosen === "dark" || (chosen !== "light" && query.matches);
      document.documentElement.classList.toggle("dark", dark);
    };
    query.addEventListener("change", apply);
    return () => query.removeEventListener("change", apply);
  }, []);
  return [
    theme,
    (chosen) => {
      if (chosen === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", chosen);
      const dark = chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
      document.documentElement.classList.toggle("dark", dark);
      setTheme(chosen);
    },
  ];
}
