/** What the text looks like: colours by token, and the piece that something beside the text points at. */

import { type EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import { type Span, tokensOf } from "./tokens";

const marks = new Map<string, Decoration>();

function markOf(kind: string): Decoration {
  const known = marks.get(kind) ?? Decoration.mark({ class: `rule-${kind}` });
  marks.set(kind, known);
  return known;
}

/** Rules are short (4,096 characters), so the whole text is read again after each change. */
function coloured(state: EditorState): DecorationSet {
  const tokens = tokensOf(state.doc.toString()).filter((token) => token.kind);
  return Decoration.set(tokens.map((token) => markOf(token.kind).range(token.start, token.end)));
}

const colours = StateField.define<DecorationSet>({
  create: coloured,
  update: (value, change) => (change.docChanged ? coloured(change.state) : value),
  provide: (field) => EditorView.decorations.from(field),
});

const pointedMark = Decoration.mark({ class: "rule-pointed" });

/** Points at a piece of the text, or at nothing. */
export const pointAt = StateEffect.define<Span | null>();

const pointed = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, change) {
    for (const effect of change.effects) {
      if (!effect.is(pointAt)) continue;
      const span = effect.value;
      const fits = span && span.start < span.end && span.end <= change.state.doc.length;
      return fits ? Decoration.set(pointedMark.range(span.start, span.end)) : Decoration.none;
    }
    return change.docChanged ? Decoration.none : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const theme = EditorView.theme({
  "&": { color: "var(--foreground)", backgroundColor: "var(--card)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "2px solid var(--ring)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--font-mono, ui-monospace, monospace)", lineHeight: "1.6", minHeight: "7rem" },
  ".cm-content": { caretColor: "var(--foreground)", padding: "0.5rem 0.25rem" },
  ".cm-cursor": { borderLeftColor: "var(--foreground)" },
  ".cm-placeholder": { color: "var(--muted-foreground)" },
  ".rule-keyword": { color: "var(--primary)", fontWeight: "600" },
  ".rule-function": { color: "var(--primary)" },
  ".rule-operator, .rule-bracket": { color: "var(--muted-foreground)" },
  ".rule-string": { color: "var(--success)" },
  ".rule-number, .rule-constant, .rule-list": { color: "var(--warning)" },
  ".rule-comment": { color: "var(--muted-foreground)", fontStyle: "italic" },
  ".rule-error": { color: "var(--destructive)" },
  ".rule-pointed": { backgroundColor: "var(--accent)", outline: "1px solid var(--ring)", borderRadius: "2px" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--destructive) 1.5px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning) 1.5px" },
  ".cm-tooltip": {
    color: "var(--foreground)",
    backgroundColor: "var(--card)",
    border: "1px solid var(--border)",
    borderRadius: "6px",
    boxShadow: "0 4px 12px rgb(0 0 0 / 0.15)",
    maxWidth: "min(32rem, calc(100vw - 2rem))",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--font-mono, ui-monospace, monospace)",
    fontSize: "0.8125rem",
    maxHeight: "16rem",
    minWidth: "min(18rem, 80vw)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", display: "flex", gap: "0.75rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--foreground)",
    backgroundColor: "var(--accent)",
    outline: "1px solid var(--ring)",
    outlineOffset: "-1px",
  },
  ".cm-completionDetail": {
    marginLeft: "auto",
    color: "var(--muted-foreground)",
    fontStyle: "normal",
    fontFamily: "ui-sans-serif, system-ui, sans-serif",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-completionInfo, .rule-meaning": { padding: "6px 10px", fontSize: "0.8125rem" },
  ".rule-meaning-type": { color: "var(--muted-foreground)" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeftWidth: "3px", whiteSpace: "pre-wrap" },
  ".cm-diagnosticAction": {
    color: "var(--primary-foreground)",
    backgroundColor: "var(--primary)",
    padding: "2px 8px",
    borderRadius: "4px",
    margin: "4px 0 0",
    display: "block",
  },
});

export const looks = [colours, pointed, theme];
