import type { Metadata, Viewport } from "next";
import { Providers } from "@/components/frame/providers";
import "./globals.css";

export const metadata: Metadata = { title: "LLM Gateway", icons: { icon: "/icon.svg" }, robots: { index: false } };
export const viewport: Viewport = { width: "device-width", initialScale: 1 };

export default function RootLayout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* It decides the colours, so nothing may be painted before it. */}
        <script src="/theme.js" />
      </head>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
