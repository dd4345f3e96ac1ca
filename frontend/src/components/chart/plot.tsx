"use client";

import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useFormat } from "@/lib/format";

export interface ChartProps {
  /** What is seen, in a sentence. */
  label: string;
  /** Seconds since the epoch, ascending. */
  times: number[];
  series: { name: string; values: (number | null)[]; colour: 1 | 2 | 3 | 4 }[];
  /** How values are written at the axis and in the legend. */
  write: (value: number) => string;
  /** Columns on top of each other instead of lines. */
  stacked?: boolean;
  height?: number;
  /** A stretch was chosen by dragging: seconds since the epoch. */
  onRange?: (from: number, to: number) => void;
}

export default function Plot({ label, times, series, write, stacked = false, height = 190, onRange }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const format = useFormat();
  const range = useRef(onRange);
  range.current = onRange;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      const style = getComputedStyle(document.documentElement);
      const colour = (name: string) => style.getPropertyValue(name).trim();
      const axis: uPlot.Axis = {
        stroke: colour("--muted-foreground"),
        grid: { stroke: colour("--border"), width: 1 },
        ticks: { stroke: colour("--border"), width: 1 },
        font: "11px system-ui",
      };
      const shown = stacked ? stack(series.map(({ values }) => values)) : series.map(({ values }) => values);
      const bars = uPlot.paths.bars?.({ size: [0.8, 40] });
      // Of columns on top of each other the tallest is drawn first.
      const order = stacked ? series.map((_, index) => series.length - 1 - index) : series.map((_, index) => index);
      plot = new uPlot(
        {
          width: element.clientWidth,
          height,
          cursor: { drag: { x: true, y: false, setScale: false } },
          select: { show: true, left: 0, top: 0, width: 0, height: 0 },
          scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
          axes: [axis, { ...axis, size: 62, values: (_, values) => values.map((value) => write(value)) }],
          series: [
            {},
            ...order.map((index) => ({
              label: series[index]?.name ?? "",
              stroke: colour(`--series-${series[index]?.colour}`),
              fill: stacked ? colour(`--series-${series[index]?.colour}`) : undefined,
              width: stacked ? 0 : 1.75,
              paths: stacked ? bars : undefined,
              points: {
                show: !stacked,
                fill: colour(`--series-${series[index]?.colour}`),
                filter: (self: uPlot, shownAs: number) => alone(self.data[shownAs] ?? []),
              },
            })),
          ],
          legend: { show: false },
          hooks: {
            setSelect: [
              (self) => {
                if (self.select.width < 4) return;
                const from = self.posToVal(self.select.left, "x");
                range.current?.(from, self.posToVal(self.select.left + self.select.width, "x"));
                self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              },
            ],
          },
        },
        [times, ...order.map((index) => shown[index] ?? [])],
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ["class"] });
    return () => {
      resized.disconnect();
      theme.disconnect();
      plot?.destroy();
    };
  }, [times, series, write, stacked, height]);
  return (
    <figure aria-label={label} className="relative min-w-0">
      <figcaption className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-muted-foreground text-xs">
        {series.map(({ name, colour, values }) => (
          <span className="flex items-center gap-1.5" key={name}>
            <span aria-hidden className="size-2.5 rounded-sm" style={{ background: `var(--series-${colour})` }} />
            {name}
            <span className="text-foreground tabular-nums">{write(last(values))}</span>
          </span>
        ))}
      </figcaption>
      <div aria-hidden ref={place} />
      {/* A table is as wide as its words whatever it is told: the box around it hides it. */}
      <div className="sr-only">
        <table>
          <caption>{label}</caption>
          <tbody>
            {times.map((time, index) => (
              <tr key={time}>
                <th scope="row">{format.time(new Date(time * 1000).toISOString())}</th>
                {series.map(({ name, values }) => (
                  <td key={name}>
                    {name}: {values[index] == null ? "–" : write(values[index])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function last(values: (number | null)[]): number {
  return values.findLast((value) => value !== null) ?? 0;
}

/** Each series on top of those before it. */
function stack(all: (number | null)[][]): number[][] {
  const sums: number[] = [];
  return all.map((values) =>
    values.map((value, index) => {
      const sum = (sums[index] ?? 0) + (value ?? 0);
      sums[index] = sum;
      return sum;
    }),
  );
}

/** Places of the values with none beside them: a line would not show them. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  return Array.from(values, (_, place) => place).filter(
    (place) => values[place] != null && values[place - 1] == null && values[place + 1] == null,
  );
}
