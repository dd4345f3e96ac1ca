"use client";

import { useState } from "react";
import { Field, Select } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import type { Model } from "./queries";

const STRATEGIES = ["round_robin", "weighted", "priority", "least_latency"] as const;

/** Chooses a strategy and says what it does. */
export function StrategyField({ value }: { value?: Model["strategy"] }) {
  const t = useMessages(modelMessages);
  const [chosen, setChosen] = useState(value ?? "round_robin");
  return (
    <Field hint={t[`about_${chosen}`]} label={t.strategy} pointer="/strategy">
      <Select name="strategy" onChange={(event) => setChosen(event.target.value as Model["strategy"])} value={chosen}>
        {STRATEGIES.map((strategy) => (
          <option key={strategy} value={strategy}>
            {t[strategy]}
          </option>
        ))}
      </Select>
    </Field>
  );
}
