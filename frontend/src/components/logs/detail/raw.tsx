"use client";

import { useState } from "react";
import { Checkbox } from "@/components/ui/field";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { useMessages } from "@/lib/i18n";
import { recordMessages } from "@/messages/log";
import { pretty } from "../transcript";
import type { Record } from "../verdict";
import { BodyNotes, Plain } from "./body";
import { Stored } from "./stored";

/** The bodies as they were stored, byte for byte, or laid out where they are JSON. */
export function Raw({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  const [laidOut, setLaidOut] = useState(false);
  return (
    <Stored record={record}>
      {(payload) => {
        const sides = [
          { title: t.request, body: payload.request_body, size: record.request_size },
          { title: t.answer, body: payload.response_body, size: record.response_size },
        ];
        return (
          <div className="grid gap-4">
            <Checkbox checked={laidOut} label={t.pretty} onChange={(event) => setLaidOut(event.target.checked)} />
            {sides.map(({ title, body, size }) => (
              <section aria-label={title} className="grid min-w-0 gap-2" key={title}>
                <h2 className="font-medium">{title}</h2>
                <BodyNotes body={body} size={size} />
                {body.text === "" ? (
                  <p className="text-muted-foreground">{t.noBody}</p>
                ) : (
                  <Plain text={laidOut ? pretty(body.text) : body.text} />
                )}
              </section>
            ))}
          </div>
        );
      }}
    </Stored>
  );
}

/** Header fields of both sides; credentials were masked before they were stored. */
export function Headers({ record }: { record: Record }) {
  const t = useMessages(recordMessages);
  return (
    <Stored record={record}>
      {(payload) => (
        <div className="grid gap-4">
          <Fields fields={payload.request_headers} title={t.request} />
          <Fields fields={payload.response_headers} title={t.answer} />
        </div>
      )}
    </Stored>
  );
}

function Fields({ title, fields }: { title: string; fields: { name: string; value: string }[] }) {
  const t = useMessages(recordMessages);
  return (
    <section className="grid min-w-0 gap-2">
      <h2 className="font-medium">{title}</h2>
      <Table label={title}>
        <thead>
          <tr>
            <Th>{t.name}</Th>
            <Th>{t.value}</Th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, value }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: one name can come twice
            <Tr key={index}>
              <Td className="whitespace-nowrap align-top font-mono text-xs">{name}</Td>
              <Td className="font-mono text-xs [overflow-wrap:anywhere]">{value}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
