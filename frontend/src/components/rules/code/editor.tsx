"use client";

import { completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Schemas } from "@/api/client";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { looks, pointAt } from "./colours";
import { type Checked, checkAgain, faults, meanings, mend, offers, type Refused } from "./services";
import type { Span } from "./tokens";

export interface EditorHandle {
  focus: () => void;
  select: (span: Span) => void;
  mend: (text: string, edit: Schemas["RuleEdit"]) => void;
}

/** The text of a rule, with colours, offers, faults and meanings. Tab leaves it; Enter takes an offer. */
export function CodeEditor({
  model,
  text,
  onText,
  onCheck,
  onFormat,
  onMeaning,
  onSave,
  onCursor,
  refused,
  pointed,
  describedBy,
  handle,
}: {
  model: string;
  text: string;
  onText: (text: string) => void;
  onCheck: (checked: Checked) => void;
  onFormat: () => void;
  onMeaning: (place: number) => void;
  onSave: () => void;
  /** Where the pointer or the cursor is in the text; null when it has left. */
  onCursor: (place: number | null) => void;
  refused: Refused | null;
  pointed: Span | null;
  describedBy: string;
  handle: React.RefObject<EditorHandle | null>;
}) {
  const t = useMessages(ruleMessages);
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // The editor is made once; what it calls is looked up here, as of the last rendering.
  const now = useRef({ text, onText, onCheck, onFormat, onMeaning, onSave, onCursor, refused });
  now.current = { text, onText, onCheck, onFormat, onMeaning, onSave, onCursor, refused };
  useEffect(() => {
    const run = (act: () => void) => () => {
      act();
      return true;
    };
    const state = EditorState.create({
      doc: now.current.text,
      extensions: [
        EditorState.lineSeparator.of("\n"), // others are characters, and stay
        history(),
        EditorView.lineWrapping,
        bracketMatching(),
        placeholder(t.placeholder),
        offers(),
        faults(
          model,
          (checked) => now.current.onCheck(checked),
          () => now.current.refused,
          t.fix,
        ),
        meanings,
        looks,
        keymap.of([
          { key: "Shift-Alt-f", run: run(() => now.current.onFormat()) },
          { key: "Mod-s", run: run(() => now.current.onSave()), preventDefault: true },
          {
            key: "Mod-i",
            run: (editor) => {
              now.current.onMeaning(editor.state.selection.main.head);
              return true;
            },
          },
          ...completionKeymap,
          ...lintKeymap,
          ...defaultKeymap,
          ...historyKeymap,
        ]),
        EditorView.contentAttributes.of({
          "aria-label": t.editor,
          "aria-describedby": describedBy,
          spellcheck: "false",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) now.current.onText(update.state.doc.toString());
          if (update.selectionSet) now.current.onCursor(update.state.selection.main.head);
        }),
        EditorView.domEventHandlers({
          mousemove: (event, editor) =>
            now.current.onCursor(editor.posAtCoords({ x: event.clientX, y: event.clientY })),
          mouseleave: () => now.current.onCursor(null),
        }),
      ],
    });
    const made = new EditorView({ state, parent: place.current as HTMLElement });
    view.current = made;
    handle.current = {
      focus: () => made.focus(),
      select: (span) => {
        const length = made.state.doc.length;
        const anchor = Math.min(span.start, length);
        made.dispatch({ selection: { anchor, head: Math.min(span.end, length) }, scrollIntoView: true });
        made.focus();
      },
      mend: (of, edit) => {
        mend(made, of, edit);
        made.focus();
      },
    };
    return () => {
      handle.current = null;
      made.destroy();
    };
  }, [model, t, describedBy, handle]);
  useEffect(() => {
    const editor = view.current;
    const old = editor?.state.doc.toString();
    if (!editor || old === undefined || old === text) return;
    editor.dispatch({ changes: difference(old, text) });
  }, [text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is refused is drawn by the next check
  useEffect(() => {
    view.current?.dispatch({ effects: checkAgain.of(null) });
  }, [refused]);
  useEffect(() => {
    view.current?.dispatch({ effects: pointAt.of(pointed) });
  }, [pointed]);
  return (
    <div
      className="overflow-hidden rounded-md border border-input outline-ring outline-offset-2 focus-within:outline-2"
      ref={place}
    />
  );
}

/** The piece that differs, so that cursor and undo stay where they were. */
function difference(old: string, text: string) {
  let from = 0;
  while (from < old.length && from < text.length && old[from] === text[from]) from += 1;
  let same = 0;
  const most = Math.min(old.length, text.length) - from;
  while (same < most && old[old.length - 1 - same] === text[text.length - 1 - same]) same += 1;
  return { from, to: old.length - same, insert: text.slice(from, text.length - same) };
}
