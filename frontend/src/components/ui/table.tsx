import { cn } from "@/lib/utils";

/** A table that scrolls sideways by itself, so that the page never does. */
export function Table({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: React.ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} className="relative overflow-x-auto rounded-lg border bg-card" tabIndex={0}>
      <table className={cn("w-full border-collapse text-sm", className)}>{children}</table>
    </section>
  );
}

export function Th({ className, ...props }: React.ComponentProps<"th">) {
  return (
    <th
      className={cn("whitespace-nowrap border-b px-3 py-2 text-left font-medium text-muted-foreground", className)}
      scope="col"
      {...props}
    />
  );
}

export function Td({ className, ...props }: React.ComponentProps<"td">) {
  return <td className={cn("border-b px-3 py-2 align-middle group-last:border-b-0", className)} {...props} />;
}

export function Tr({ className, ...props }: React.ComponentProps<"tr">) {
  return <tr className={cn("group hover:bg-accent/50", className)} {...props} />;
}
