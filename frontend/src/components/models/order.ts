/** Moving things in a list. */

/** The list with the one at `from` moved to before what stands at `gap`; gaps count from 0 to the length. */
export function moved<T>(list: T[], from: number, gap: number): T[] {
  const one = list[from];
  if (one === undefined) return list;
  const rest = list.toSpliced(from, 1);
  return rest.toSpliced(gap > from ? gap - 1 : gap, 0, one);
}

/** The gap nearest to a height, between boxes that follow each other downwards. */
export function gapAt(y: number, boxes: { top: number; height: number }[]): number {
  return boxes.filter((box) => y > box.top + box.height / 2).length;
}
