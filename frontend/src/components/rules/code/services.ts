/** What the editor asks the gateway: offers at the cursor, faults with ways to mend them, meanings of words. */

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { type Diagnostic, linter } from "@codemirror/lint";
import { type Extension, StateEffect } from "@codemirror/state";
import { type EditorView, hoverTooltip } from "@codemirror/view";
import { api, data, type FieldProblem, type Schemas } from "@/api/client";
import { charactersAt, spanIn, unitsAt } from "./tokens";

export interface Checked {
  text: string;
  result: Schemas["RuleCheckResult"];
}

/** Faults that a save has found, with the text it found them in. */
export interface Refused {
  text: string;
  faults: FieldProblem[];
}

/** Checks though the text is the same. */
export const checkAgain = StateEffect.define<null>();

export function offers(): Extension {
  return autocompletion({
    override: [offersAt],
    activateOnTypingDelay: 60,
    activateOnCompletion: () => true,
    icons: false,
    maxRenderedOptions: 100,
  });
}

/** None are an empty list: after null, what was typed while the question was under way would never be asked about. */
async function offersAt(context: CompletionContext): Promise<CompletionResult> {
  const text = context.state.doc.toString();
  const gone = new AbortController();
  context.addEventListener("abort", () => gone.abort());
  try {
    const body = { text, cursor: charactersAt(text, context.pos), vocabulary: "rules" as const };
    const found = await data(api.POST("/api/admin/rules/complete", { body, signal: gone.signal }));
    const span = spanIn(text, found.span);
    return { from: span.start, to: span.end, options: found.items.map(optionOf), filter: false };
  } catch {
    return { from: context.pos, options: [] }; // typing goes on without offers
  }
}

function optionOf(item: Schemas["RuleCompletion"]): Completion {
  return {
    label: item.label,
    detail: item.detail,
    info: item.doc || undefined,
    apply: (view, _, from, to) =>
      view.dispatch({
        changes: { from, to, insert: item.insert },
        selection: { anchor: from + unitsAt(item.insert, item.cursor) },
        userEvent: "input.complete",
        scrollIntoView: true,
      }),
  };
}

/** `onCheck` hears of each answer; faults of a refused save are shown as long as its text stands. */
export function faults(
  model: string,
  onCheck: (checked: Checked) => void,
  refused: () => Refused | null,
  fix: string,
): Extension {
  const check = async (view: EditorView): Promise<Diagnostic[]> => {
    const text = view.state.doc.toString();
    const body = { text, vocabulary: "rules" as const, model };
    try {
      const result = await data(api.POST("/api/admin/rules/check", { body }));
      if (view.state.doc.toString() === text) onCheck({ text, result });
      const saved = refused();
      const more = saved?.text === text ? saved.faults.filter((fault) => fault.code === "test_failed") : [];
      return [
        ...result.diagnostics.map((found) => diagnosticOf(text, found, fix)),
        ...more.map((fault): Diagnostic => {
          const span = fault.span ? spanIn(text, fault.span) : { start: 0, end: text.length };
          return { from: span.start, to: span.end, severity: "error", message: fault.message };
        }),
      ];
    } catch {
      return []; // the server says the same once more when the rule is saved
    }
  };
  return linter(check, {
    delay: 150,
    needsRefresh: (update) => update.transactions.some((made) => made.effects.some((effect) => effect.is(checkAgain))),
  });
}

function diagnosticOf(text: string, found: Schemas["RuleDiagnostic"], fix: string): Diagnostic {
  const { start, end } = spanIn(text, found.span);
  const edit = found.edit;
  return {
    from: start,
    to: end,
    severity: found.severity === "error" ? "error" : "warning",
    message: found.suggestion ? `${found.message}\n${found.suggestion}` : found.message,
    actions: edit ? [{ name: fix, apply: (view) => mend(view, text, edit) }] : [],
  };
}

/** Makes the change that removes a fault, if the text is still the one it was found in. */
export function mend(view: EditorView, text: string, edit: Schemas["RuleEdit"]) {
  if (view.state.doc.toString() !== text) return;
  const { start, end } = spanIn(text, edit.span);
  view.dispatch({
    changes: { from: start, to: end, insert: edit.text },
    selection: { anchor: start + edit.text.length },
    userEvent: "input.fix",
  });
}

/** What the word at a place, or right before it, means; null where there is nothing to say. */
export async function meaningAt(text: string, place: number): Promise<Schemas["RuleMeaning"] | null> {
  for (const at of place > 0 ? [place, place - 1] : [place]) {
    const body = { text, cursor: charactersAt(text, at), vocabulary: "rules" as const };
    const { found } = await data(api.POST("/api/admin/rules/hover", { body }));
    if (found) return found;
  }
  return null;
}

export const meanings: Extension = hoverTooltip(async (view, place) => {
  const text = view.state.doc.toString();
  const found = await meaningAt(text, place).catch(() => null);
  if (!found) return null;
  const span = spanIn(text, found.span);
  return {
    pos: span.start,
    end: span.end,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "rule-meaning";
      const type = dom.appendChild(document.createElement("div"));
      type.className = "rule-meaning-type";
      type.textContent = found.type;
      if (found.doc) dom.appendChild(document.createElement("div")).textContent = found.doc;
      return { dom };
    },
  };
});
