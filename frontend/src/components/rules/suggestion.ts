import { tokensOf } from "./code/tokens";

/** A rule with one more condition that must be met. */
export function extended(rule: string, condition: string | null): string {
  if (!condition) return rule;
  const tokens = tokensOf(rule).filter((token) => token.name !== "COMMENT");
  if (tokens.length === 0) return rule.trim() ? `${rule.trimEnd()}\n${condition}` : condition;
  let depth = 0;
  const loose = tokens.some((token) => {
    if (token.name === "LPAR") depth += 1;
    if (token.name === "RPAR") depth -= 1;
    return depth === 0 && token.name === "OR";
  });
  return loose ? `(\n${rule}\n)\nand ${condition}` : `${rule.trimEnd()}\nand ${condition}`;
}
