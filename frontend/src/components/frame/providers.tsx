"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import { Tooltip } from "radix-ui";
import { Suspense, useState } from "react";
import { ToastProvider } from "@/components/ui/toast";
import { LanguageProvider } from "@/lib/i18n";
import { makeQueryClient } from "@/lib/query";

export function Providers({ children }: { children: React.ReactNode }) {
  const [client] = useState(makeQueryClient);
  return (
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <Tooltip.Provider delayDuration={300}>
          <ToastProvider>
            <NuqsAdapter>
              <Suspense>{children}</Suspense>
            </NuqsAdapter>
          </ToastProvider>
        </Tooltip.Provider>
      </LanguageProvider>
    </QueryClientProvider>
  );
}
