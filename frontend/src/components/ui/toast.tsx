"use client";

import { Toast as Base } from "radix-ui";
import { createContext, useCallback, useContext, useState } from "react";
import { ApiError } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { frameMessages } from "@/messages/frame";

interface Note {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
}

const Show = createContext<(note: Omit<Note, "id">) => void>(() => {});

/** Says in a corner what happened: `toast.say(text, action?)`, `toast.fail(error)`. */
export function useToast() {
  const show = useContext(Show);
  const t = useMessages(frameMessages);
  return {
    say: (text: string, action?: Note["action"]) => show({ text, bad: false, action }),
    fail: (error: unknown) => {
      const text =
        error instanceof ApiError && error.status === 0
          ? t.unreachable
          : error instanceof Error
            ? error.message
            : t.failed;
      show({ text, bad: true });
    },
  };
}

export function ToastProvider({ children }: { children: React.ReactNode }) {
  const [notes, setNotes] = useState<Note[]>([]);
  const show = useCallback((note: Omit<Note, "id">) => {
    setNotes((before) => [...before.slice(-3), { ...note, id: (before.at(-1)?.id ?? 0) + 1 }]);
  }, []);
  return (
    <Show.Provider value={show}>
      <Base.Provider duration={6000}>
        {children}
        {notes.map((note) => (
          <Base.Root
            className={cn(
              "flex items-center gap-3 rounded-md border bg-card p-3 text-sm shadow-lg",
              note.bad && "border-destructive",
            )}
            key={note.id}
            onOpenChange={(open) => {
              if (!open) setNotes((before) => before.filter((other) => other.id !== note.id));
            }}
          >
            <Base.Description className="min-w-0 flex-1 break-words">{note.text}</Base.Description>
            {note.action ? (
              <Base.Action altText={note.action.label} asChild onClick={note.action.run}>
                <button className="font-medium text-primary underline-offset-4 hover:underline" type="button">
                  {note.action.label}
                </button>
              </Base.Action>
            ) : null}
          </Base.Root>
        ))}
        <Base.Viewport className="fixed right-4 bottom-4 z-[60] grid w-[calc(100%-2rem)] max-w-sm gap-2" />
      </Base.Provider>
    </Show.Provider>
  );
}
