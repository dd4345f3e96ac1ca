"use client";

import { useEffect, useState } from "react";
import { Input, Textarea } from "@/components/ui/field";
import { cn } from "@/lib/utils";

/** A text that counts when it is left or Enter is pressed; Escape takes it back. Untouched or emptied it changes nothing. */
export function Box({
  label,
  value,
  onChange,
  onInput,
  list,
  lines = 0,
  className,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onInput?: (value: string) => void;
  list?: string;
  /** Of a box for several lines. */
  lines?: number;
  className?: string;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const take = () => {
    if (text === value) return;
    if (text.trim() === "") setText(value);
    else onChange(text);
  };
  const props = {
    "aria-label": label,
    autoComplete: "off",
    className: cn("font-mono text-xs", className),
    onBlur: take,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      setText(event.target.value);
      onInput?.(event.target.value);
    },
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        take();
      } else if (event.key === "Escape" && text !== value) {
        event.stopPropagation();
        setText(value);
      }
    },
    spellCheck: false,
    value: text,
  };
  return lines > 0 ? (
    <Textarea {...props} className={cn(props.className, "min-h-9")} rows={lines} />
  ) : (
    <Input {...props} list={list} />
  );
}
