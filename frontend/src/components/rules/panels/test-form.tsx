"use client";

import { ApiError, api, type Schemas } from "@/api/client";
import { Button, SubmitButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { Form } from "@/components/ui/form";
import { useMessages } from "@/lib/i18n";
import { ruleMessages } from "@/messages/rules";
import { readJson } from "./json";

/** A stored test to be changed, or what a new one begins with. */
export interface TestDraft {
  test?: Schemas["RuleTest"];
  request?: Schemas["Sample"];
  expect?: Schemas["Expect"];
}

const POINTERS = ["/name", "/request", "/expect"];

/** Makes a test, or changes one: request and expectation as JSON. */
export function TestForm({
  model,
  draft,
  onClose,
  onSaved,
}: {
  model: string;
  draft: TestDraft;
  onClose: () => void;
  onSaved: () => void;
}) {
  const t = useMessages(ruleMessages);
  const { test } = draft;
  const request = test?.request ?? draft.request ?? { body: {} };
  const expect = test?.expect ?? draft.expect ?? { includes: [], excludes: [] };
  const submit = async (values: FormData) => {
    const json = <T extends object>(name: string): T => {
      const read = readJson<T>(String(values.get(name) ?? ""));
      if ("value" in read) return read.value;
      const message = t.badJson(read.fault);
      throw new ApiError(422, "json", message, [{ pointer: `/${name}`, code: "json", message }]);
    };
    const body = {
      name: String(values.get("name") ?? "").trim(),
      request: json<Schemas["Sample"]>("request"),
      expect: json<Schemas["Expect"]>("expect"),
    };
    try {
      if (test) {
        await api.PATCH("/api/admin/models/{model}/tests/{test_id}", {
          params: { path: { model, test_id: test.id }, header: { "If-Match": test.etag } },
          body,
        });
      } else await api.POST("/api/admin/models/{model}/tests", { params: { path: { model } }, body });
    } catch (error) {
      throw error instanceof ApiError ? placed(error) : error;
    }
    onSaved();
  };
  return (
    <Dialog onOpenChange={onClose} open side title={test ? t.editTest(test.name) : t.addTest}>
      <Form
        buttons={
          <div className="flex justify-end gap-2">
            <Button onClick={onClose} variant="outline">
              {t.cancel}
            </Button>
            <SubmitButton>{test ? t.save : t.addTest}</SubmitButton>
          </div>
        }
        pointers={POINTERS}
        submit={submit}
      >
        <Field hint={t.testNameHint} label={t.testName} pointer="/name">
          <Input autoComplete="off" defaultValue={test?.name} maxLength={200} name="name" required />
        </Field>
        <Field hint={t.sampleHint} label={t.request} pointer="/request">
          <Textarea
            className="min-h-48 font-mono text-xs"
            defaultValue={JSON.stringify(request, null, 2)}
            name="request"
            spellCheck={false}
          />
        </Field>
        <Field hint={t.expectHint} label={t.expect} pointer="/expect">
          <Textarea
            className="font-mono text-xs"
            defaultValue={JSON.stringify(expect, null, 2)}
            name="expect"
            rows={6}
            spellCheck={false}
          />
        </Field>
      </Form>
    </Dialog>
  );
}

/** Faults deep in the JSON belong to the field that holds it. */
function placed(error: ApiError): ApiError {
  const faults = error.faults.map((fault) => {
    const pointer = `/${fault.pointer.split("/")[1] ?? ""}`;
    const message = fault.pointer === pointer ? fault.message : `${fault.pointer}: ${fault.message}`;
    return { ...fault, pointer, message };
  });
  return new ApiError(error.status, error.code, error.message, faults, error.requestId);
}
