"use client";

import Link from "next/link";
import { useMessages } from "@/lib/i18n";
import { frameMessages } from "@/messages/frame";

export default function NotFound() {
  const t = useMessages(frameMessages);
  return (
    <main className="grid min-h-screen place-content-center gap-4 p-6 text-center">
      <h1 className="font-semibold text-xl">{t.notFound}</h1>
      <Link className="text-primary underline" href="/">
        {t.toOverview}
      </Link>
    </main>
  );
}
