"use client";

import { parseAsStringLiteral, useQueryState } from "nuqs";
import { useCallback, useId, useMemo, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { ErrorNote, Skeleton } from "@/components/ui/states";
import { Tab, Tabs } from "@/components/ui/tabs";
import { useToast } from "@/components/ui/toast";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { Builder } from "./builder/builder";
import { CodeEditor, type EditorHandle } from "./code/editor";
import { type Checked, meaningAt } from "./code/services";
import type { Span } from "./code/tokens";
import { Explain } from "./panels/explain";
import { Findings } from "./panels/findings";
import { Replay, type Replayed } from "./panels/replay";
import type { Subject } from "./panels/subject";
import { type TestDraft, TestForm } from "./panels/test-form";
import { Tests } from "./panels/tests";
import { namesOf, type Place, storedIn, useModel } from "./place";
import { Problems } from "./problems";
import { SaveBar, SaveDialogs } from "./save-bar";
import { useFormatting } from "./use-formatting";
import { useSave } from "./use-save";
import { useSettled } from "./use-settled";

export interface WorkbenchProps {
  model: string;
  place: Place;
  /** What to begin with: the stored rule, or a draft. */
  value: string;
  /** Id of a logged request to explain at once. */
  request?: string | null;
  onSaved?: () => void;
}

const VIEWS = ["text", "builder"] as const;
const PANELS = ["explain", "replay", "tests", "findings"] as const;

export default function Workbench(props: WorkbenchProps) {
  const t = useMessages(ruleMessages);
  const model = useModel(props.model);
  if (model.error) return <ErrorNote error={model.error} retry={() => model.refetch()} />;
  if (!model.data) return <Skeleton className="h-64" />;
  if (!storedIn(model.data, props.place)) return <ErrorNote error={new Error(t.noTarget)} />;
  return <Loaded {...props} stored={model.data} />;
}

function Loaded({ model, place, value, request, onSaved, stored }: WorkbenchProps & { stored: Schemas["Model"] }) {
  const t = useMessages(ruleMessages);
  const toast = useToast();
  const words = useId();
  const [text, setText] = useState(value);
  const [checked, setChecked] = useState<Checked | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [pointed, setPointed] = useState<Span | null>(null);
  const [subject, setSubject] = useState<Subject | null>(request ? { kind: "log", id: request } : null);
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const [keeping, setKeeping] = useState<TestDraft | null>(null);
  const [view, setView] = useQueryState("view", parseAsStringLiteral(VIEWS).withDefault("text"));
  const [panel, setPanel] = useQueryState("panel", parseAsStringLiteral(PANELS).withDefault("explain"));
  const [word, setWord] = useState<Schemas["RuleMeaning"] | "nothing" | null>(null);
  const editor = useRef<EditorHandle | null>(null);
  const saving = useSave({
    model,
    place,
    stored: useMemo(() => storedIn(stored, place), [stored, place]),
    text,
    replayed: replayed?.text === text ? replayed.result : null,
    onSaved: () => {
      toast.say(t.saved);
      onSaved?.();
    },
  });
  const settled = useSettled(text, 250);
  const format = useFormatting(text, setText);
  const current = checked?.text === text ? checked.result : null;
  const valid = current?.valid ?? (checked?.result.valid || text === saving.base?.text);
  const write = useCallback((next: string) => {
    setText(next);
    setWord(null);
  }, []);
  const explain = (next: Subject) => {
    setSubject(next);
    void setPanel("explain");
  };
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <section aria-label={t.rule} className="grid min-w-0 content-start gap-3">
        <Tabs
          className="gap-3"
          onChange={(next) => setView(next === "text" ? null : (next as (typeof VIEWS)[number]))}
          tabs={[
            ["text", t.asText],
            ["builder", t.asBuilder],
          ]}
          value={view}
        >
          <Tab value="text">
            <CodeEditor
              describedBy={words}
              handle={editor}
              model={model}
              onCheck={setChecked}
              onCursor={setCursor}
              onFormat={format}
              onMeaning={async (at) => setWord((await meaningAt(text, at).catch(() => null)) ?? "nothing")}
              onSave={saving.save}
              onText={write}
              pointed={pointed}
              refused={saving.refused}
              text={text}
            />
          </Tab>
          <Tab value="builder">
            <Builder onText={write} text={text} />
          </Tab>
        </Tabs>
        <p className="break-words text-sm empty:hidden" role="status">
          {word === "nothing" ? t.noMeaning : word ? `${word.type}. ${word.doc}` : null}
        </p>
        <Problems
          checked={checked}
          id={words}
          model={model}
          onChecked={setChecked}
          onFix={(edit) => editor.current?.mend(text, edit)}
          onShow={(span) => editor.current?.select(span)}
          refused={saving.refused}
          text={text}
          view={view}
        />
        <SaveBar onFormat={format} onReset={() => setText(saving.base?.text ?? "")} saving={saving} valid={valid} />
      </section>
      <section aria-label={t.effects} className="min-w-0">
        <Tabs
          onChange={(next) => setPanel(next === "explain" ? null : (next as (typeof PANELS)[number]))}
          tabs={PANELS.map((name) => [name, t[name]])}
          value={panel}
        >
          <Tab value="explain">
            <Explain
              cursor={cursor}
              model={model}
              onKeep={(kept, found) => setKeeping({ request: sampleOf(found, kept), expect: expectationOf(found) })}
              onPoint={setPointed}
              onSubject={setSubject}
              place={place}
              subject={subject}
              text={settled}
              valid={valid}
            />
          </Tab>
          <Tab value="replay">
            <Replay
              model={model}
              onReplayed={setReplayed}
              place={place}
              replayed={replayed}
              text={text}
              valid={valid}
            />
          </Tab>
          <Tab value="tests">
            <Tests model={model} onTry={(sample) => explain({ kind: "sample", sample })} />
          </Tab>
          <Tab value="findings">
            <Findings
              model={model}
              onExample={(sample) => explain({ kind: "sample", sample })}
              onShow={(span) => {
                void setView(null);
                requestAnimationFrame(() => editor.current?.select(span));
              }}
              place={place}
              text={settled}
              valid={valid}
            />
          </Tab>
        </Tabs>
      </section>
      <SaveDialogs onTheirs={setText} saving={saving} text={text} />
      {keeping ? (
        <TestForm
          draft={keeping}
          model={model}
          onClose={() => setKeeping(null)}
          onSaved={() => {
            setKeeping(null);
            void setPanel("tests");
          }}
        />
      ) : null}
    </div>
  );
}

/** What was written down, or what the log has of it. */
function sampleOf(found: Schemas["RuleExplanation"], kept: Subject): Schemas["Sample"] {
  return kept.kind === "sample" ? kept.sample : found.request;
}

/** A test expects what the request does now. */
function expectationOf(found: Schemas["RuleExplanation"]): Schemas["Expect"] {
  const names = namesOf(found.targets.map((target) => ({ ...target, id: target.target_id })));
  const passing = found.rule.passed ? found.targets.filter((target) => target.rule.passed) : [];
  const named = (targets: typeof passing) => targets.map((target) => names.get(target.target_id) ?? target.provider);
  return { includes: named(passing), excludes: named(found.targets.filter((target) => !passing.includes(target))) };
}
