import { useRef } from "react";

/** Where the focus was last outside of windows: a window that takes the place of another knows no better. */
let outside: HTMLElement | null = null;

/**
 * For windows that no button of theirs opens: the focus goes back to where it was before. A menu entry is gone by then,
 * so it goes to the menu's button.
 */
export function useReturnFocus() {
  const from = useRef<HTMLElement | null>(null);
  return {
    onOpenAutoFocus: () => {
      const active = document.activeElement === document.body ? null : (document.activeElement as HTMLElement | null);
      const button = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
      from.current = button ? document.getElementById(button) : active;
      if (from.current && !from.current.closest("[role=dialog]")) outside = from.current;
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      const back = from.current?.isConnected ? from.current : outside;
      back?.focus();
    },
  };
}
