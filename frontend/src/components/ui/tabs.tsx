"use client";

import { Tabs as Base } from "radix-ui";
import { cn } from "@/lib/utils";

/** Panels of which one is seen. Which one is the caller's state, best kept in the URL. */
export function Tabs({
  value,
  onChange,
  tabs,
  children,
  className,
}: {
  value: string;
  onChange: (value: string) => void;
  tabs: [string, React.ReactNode][];
  children: React.ReactNode;
  className?: string;
}) {
  return (
    <Base.Root className={cn("grid gap-4", className)} onValueChange={onChange} value={value}>
      <Base.List className="flex gap-1 overflow-x-auto border-b">
        {tabs.map(([key, label]) => (
          <Base.Trigger
            className="-mb-px whitespace-nowrap border-transparent border-b-2 px-3 py-2 text-muted-foreground text-sm hover:text-foreground data-[state=active]:border-primary data-[state=active]:text-foreground"
            key={key}
            value={key}
          >
            {label}
          </Base.Trigger>
        ))}
      </Base.List>
      {children}
    </Base.Root>
  );
}

export function Tab(props: React.ComponentProps<typeof Base.Content>) {
  return <Base.Content {...props} />;
}
