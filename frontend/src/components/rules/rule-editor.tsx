"use client";

import dynamic from "next/dynamic";
import { Skeleton } from "@/components/ui/states";
import type { WorkbenchProps } from "./workbench";

const Workbench = dynamic(() => import("./workbench"), { ssr: false, loading: () => <Skeleton className="h-64" /> });

/**
 * Writes the rule of a model or of one of its targets: as text or in a builder, with everything that says what it does.
 * The editor itself loads when it is shown.
 */
export function RuleEditor(props: WorkbenchProps) {
  return <Workbench {...props} key={props.place.kind === "model" ? props.model : props.place.id} />;
}
