import { useRef } from "react";

/**
 * For windows that no button of theirs opens: the focus goes back to where it was before. A menu entry is gone by then,
 * so it goes to the menu's button.
 */
export function useReturnFocus() {
  const from = useRef<HTMLElement | null>(null);
  return {
    onOpenAutoFocus: () => {
      const active = document.activeElement as HTMLElement | null;
      const button = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
      from.current = button ? document.getElementById(button) : active;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      from.current?.focus();
    },
  };
}
