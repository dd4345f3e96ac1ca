"use client";

import { X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";

/** A set of statuses as chips. Enter, comma or the button adds the one typed. */
export function Statuses({ value, onChange }: { value: number[]; onChange: (value: number[]) => void }) {
  const t = useMessages(modelMessages);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const add = () => {
    const status = Number(text.trim());
    const fits = /^4\d\d$/.test(text.trim());
    setWrong(!fits);
    if (!fits) return;
    onChange([...new Set([...value, status])].sort((a, b) => a - b));
    setText("");
  };
  return (
    <div className="grid gap-2">
      <Field
        error={wrong ? t.finalWrong : undefined}
        hint={t.finalHint}
        label={t.finalStatuses}
        pointer="/final_statuses"
      >
        <div className="flex gap-2">
          <Input
            autoComplete="off"
            className="max-w-32"
            inputMode="numeric"
            maxLength={3}
            onChange={(event) => {
              setText(event.target.value);
              setWrong(false);
            }}
            onKeyDown={(event) => {
              if ((event.key !== "Enter" && event.key !== ",") || event.nativeEvent.isComposing) return;
              event.preventDefault();
              add();
            }}
            value={text}
          />
          <Button disabled={text === ""} onClick={add} variant="outline">
            {t.addStatus}
          </Button>
        </div>
      </Field>
      {value.length > 0 ? (
        <ul aria-label={t.finalStatuses} className="flex flex-wrap gap-1.5">
          {value.map((status) => (
            <li className="flex items-center rounded-full bg-muted pl-2.5 text-xs" key={status}>
              {status}
              <button
                aria-label={t.finalRemove(status)}
                className="grid size-6 place-content-center rounded-full hover:bg-accent"
                onClick={() => onChange(value.filter((other) => other !== status))}
                type="button"
              >
                <X aria-hidden className="size-3" />
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
