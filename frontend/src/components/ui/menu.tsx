"use client";

import { DropdownMenu } from "radix-ui";
import { cn } from "@/lib/utils";

/** A menu behind a button. It stays beside it in the document, so that it is part of the same landmark. */
export function Menu({
  trigger,
  children,
  align = "end",
}: {
  trigger: React.ReactNode;
  children: React.ReactNode;
  align?: "start" | "end";
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content
        align={align}
        className="z-50 min-w-44 whitespace-normal rounded-md border bg-card p-1 text-left font-normal shadow-md"
        sideOffset={4}
      >
        {children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

const item =
  "flex cursor-default select-none items-center gap-2 rounded-sm px-2 py-1.5 text-sm outline-none data-[highlighted]:bg-accent data-[disabled]:opacity-50 [&_svg]:size-4";

export function MenuItem({
  danger = false,
  className,
  ...props
}: React.ComponentProps<typeof DropdownMenu.Item> & { danger?: boolean }) {
  return <DropdownMenu.Item className={cn(item, danger && "text-destructive", className)} {...props} />;
}

export function MenuLabel(props: React.ComponentProps<typeof DropdownMenu.Label>) {
  return <DropdownMenu.Label className="px-2 py-1.5 text-muted-foreground text-xs" {...props} />;
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1 border-t" />;
}

/** One of several; the chosen one is marked. */
export function MenuChoice({
  value,
  onChange,
  options,
}: {
  value: string;
  onChange: (value: string) => void;
  options: [string, string][];
}) {
  return (
    <DropdownMenu.RadioGroup onValueChange={onChange} value={value}>
      {options.map(([key, label]) => (
        <DropdownMenu.RadioItem className={item} key={key} value={key}>
          <span className="grid size-4 place-content-center">
            <DropdownMenu.ItemIndicator>•</DropdownMenu.ItemIndicator>
          </span>
          {label}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}
