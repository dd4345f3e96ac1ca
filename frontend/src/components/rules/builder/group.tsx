"use client";

import { FolderPlus, Plus, Trash2 } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { useMessages } from "@/lib/i18n";
import { cn } from "@/lib/utils";
import { ruleMessages } from "@/messages/rules";
import { Box } from "./box";
import type { Change } from "./edits";
import { RowBox } from "./row";
import type { Group, Part } from "./tree";

const NEW_ROW = 'headers.x-name == "value"';
const NEW_GROUP = "(stream or has_tools)";

/** Conditions joined by one word. Groups may stand in groups. */
export function GroupBox({ group, path, apply }: { group: Group; path: number[]; apply: (change: Change) => void }) {
  const t = useMessages(ruleMessages);
  const name = place(path);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot hold the controls of the group
    <div
      aria-label={path.length > 0 ? t.group(name) : t.rule}
      className={cn("grid gap-2 rounded-md border p-2 sm:p-3", path.length % 2 === 1 && "bg-muted")}
      role="group"
    >
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label={t.joinedBy(name)}
          className="w-auto"
          disabled={group.items.length < 2}
          onChange={() => apply({ kind: "logic", path })}
          value={group.logic}
        >
          <option value="AND">{t.allOf}</option>
          <option value="OR">{t.oneOf}</option>
        </Select>
        {path.length > 0 ? (
          <Button
            aria-label={t.removeGroup(name)}
            className="ml-auto"
            onClick={() => apply({ kind: "remove", path })}
            size="icon"
            variant="ghost"
          >
            <Trash2 />
          </Button>
        ) : null}
      </div>
      {group.items.length === 0 ? <p className="text-muted-foreground text-sm">{t.noRule}</p> : null}
      {group.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no identity but their place; focus stays with it
        <PartBox apply={apply} key={index} part={item} path={[...path, index]} />
      ))}
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => apply({ kind: "add", path, text: NEW_ROW })} size="small" variant="outline">
          <Plus />
          {t.addRow}
        </Button>
        <Button onClick={() => apply({ kind: "add", path, text: NEW_GROUP })} size="small" variant="outline">
          <FolderPlus />
          {t.addGroup}
        </Button>
      </div>
    </div>
  );
}

function PartBox({ part, path, apply }: { part: Part; path: number[]; apply: (change: Change) => void }) {
  const t = useMessages(ruleMessages);
  if (part.kind === "group") return <GroupBox apply={apply} group={part} path={path} />;
  const name = place(path);
  return (
    <div className="flex items-start gap-1">
      {part.kind === "row" ? (
        <RowBox apply={apply} name={name} path={path} row={part} />
      ) : (
        <Box
          className="min-w-0 flex-1"
          label={t.chip(name)}
          lines={part.text.split("\n").length}
          onChange={(text) => apply({ kind: "chip", path, text })}
          value={part.text}
        />
      )}
      <Button
        aria-label={t.removeRow(name)}
        onClick={() => apply({ kind: "remove", path })}
        size="icon"
        variant="ghost"
      >
        <Trash2 />
      </Button>
    </div>
  );
}

/** 1.2: the second part of the first group. */
function place(path: number[]): string {
  return path.map((index) => index + 1).join(".");
}
