"use client";

/** English and Chinese. Each area keeps its texts in `src/messages`; a missing one is a type error. */

import { createContext, useContext, useEffect, useMemo, useState } from "react";

export type Language = "en" | "zh";

type Text = string | ((...values: never[]) => string);
type Same<T> = { [K in keyof T]: T[K] extends string ? string : T[K] };

export type Messages<T> = { en: T; zh: Same<T> };

/** Declares the texts of an area. Texts with values in them are functions. */
export function messages<const T extends Record<string, Text>>(texts: { en: T; zh: Same<T> }): Messages<T> {
  return texts;
}

const Current = createContext<{ language: Language; choose: (language: Language) => void }>({
  language: "en",
  choose: () => {},
});

export function LanguageProvider({ children }: { children: React.ReactNode }) {
  // The export is in English; the chosen language comes with the first effect, or React would find another page.
  const [language, setLanguage] = useState<Language>("en");
  useEffect(() => setLanguage(document.documentElement.lang === "zh" ? "zh" : "en"), []);
  const value = useMemo(
    () => ({
      language,
      choose: (chosen: Language) => {
        localStorage.setItem("language", chosen);
        document.documentElement.lang = chosen;
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Current.Provider value={value}>{children}</Current.Provider>;
}

export function useLanguage() {
  return useContext(Current);
}

/** The texts of an area in the chosen language. */
export function useMessages<T>(area: Messages<T>): Same<T> {
  return area[useLanguage().language] as Same<T>;
}
