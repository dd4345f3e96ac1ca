"use client";

import Link from "next/link";
import { useEffect, useRef, useState } from "react";
import { Badge } from "@/components/ui/states";
import { useMessages } from "@/lib/i18n";
import { modelMessages } from "@/messages/models";
import { type Model, useAnalysis, viewPath } from "./queries";

/** How many findings the analysis of the model's rules has; asked for once the badge is seen. */
export function FindingsBadge({ model }: { model: Model }) {
  const t = useMessages(modelMessages);
  const place = useRef<HTMLSpanElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  const analysis = useAnalysis(model, seen);
  const findings = analysis.data?.findings ?? [];
  const worst = findings[0]?.severity;
  return (
    <span ref={place}>
      {analysis.isPending ? "…" : null}
      {analysis.data && findings.length === 0 ? <span className="text-muted-foreground">{t.clean}</span> : null}
      {findings.length > 0 ? (
        <Link href={`${viewPath(model.name)}&tab=findings`}>
          <Badge tone={worst === "error" ? "bad" : worst === "warning" ? "warning" : "neutral"}>
            {t.findingsOf(findings.length)}
          </Badge>
        </Link>
      ) : null}
    </span>
  );
}
