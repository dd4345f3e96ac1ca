/** Numbers and times as people read them. */

import { useMemo } from "react";
import { useLanguage } from "./i18n";

export interface Format {
  /** 12,345 */
  number: (value: number) => string;
  /** 12.3K */
  compact: (value: number) => string;
  /** 0.4 % */
  percent: (share: number) => string;
  /** 850 ms, 2.1 s, 3 min 5 s */
  duration: (milliseconds: number) => string;
  /** Day and time to the second, in the reader's time zone. */
  time: (iso: string) => string;
  /** `3 minutes ago` */
  ago: (iso: string, now?: number) => string;
  /** 1.2 kB */
  bytes: (count: number) => string;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export function formatFor(language: string): Format {
  const number = new Intl.NumberFormat(language);
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const one = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return {
    number: (value) => number.format(value),
    compact: (value) => compact.format(value),
    percent: (share) => percent.format(share),
    duration: (ms) => {
      if (ms < 1000) return `${Math.round(ms)} ms`;
      if (ms < 60_000) return `${one.format(ms / 1000)} s`;
      const seconds = Math.round(ms / 1000);
      return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    },
    time: (iso) => time.format(new Date(iso)),
    ago: (iso, now = Date.now()) => {
      const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
      const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
      return relative.format(Math.round(seconds / size), unit);
    },
    bytes: (count) => {
      if (count < 1000) return `${count} B`;
      return count < 1_000_000 ? `${one.format(count / 1000)} kB` : `${one.format(count / 1_000_000)} MB`;
    },
  };
}

export function useFormat(): Format {
  const { language } = useLanguage();
  return useMemo(() => formatFor(language), [language]);
}
