"use client";

import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import { cn } from "@/lib/utils";
import { useBusy } from "./form";

const styles = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 whitespace-nowrap rounded-md font-medium text-sm transition-colors disabled:pointer-events-none disabled:opacity-60 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-primary text-primary-foreground hover:bg-primary/90",
        outline: "border bg-card hover:bg-accent",
        ghost: "hover:bg-accent",
        danger: "border border-destructive text-destructive hover:bg-destructive/10",
        link: "text-primary underline-offset-4 hover:underline",
      },
      size: { normal: "h-9 px-4", small: "h-8 px-3", icon: "size-9", none: "" },
    },
    defaultVariants: { variant: "primary", size: "normal" },
  },
);

/** A button. With `asChild` its only child, such as a link, takes on its looks. An icon alone needs `aria-label`. */
export function Button({
  className,
  variant,
  size,
  asChild = false,
  ...props
}: React.ComponentProps<"button"> & VariantProps<typeof styles> & { asChild?: boolean }) {
  const Element = asChild ? Slot.Root : "button";
  return (
    <Element className={cn(styles({ variant, size }), className)} type={asChild ? undefined : "button"} {...props} />
  );
}

/** Submits the form around, and only once. */
export function SubmitButton({ disabled, ...props }: React.ComponentProps<typeof Button>) {
  return <Button disabled={useBusy() || disabled} type="submit" {...props} />;
}
