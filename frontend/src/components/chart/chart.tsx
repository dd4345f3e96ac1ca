"use client";

import dynamic from "next/dynamic";
import { Skeleton } from "@/components/ui/states";
import type { ChartProps } from "./plot";

const Plot = dynamic(() => import("./plot"), { ssr: false, loading: () => <Skeleton className="h-48" /> });

/** Series over time. The numbers are in a table beside it for those who do not see it; the drawing loads later. */
export function Chart(props: ChartProps) {
  return <Plot {...props} />;
}
