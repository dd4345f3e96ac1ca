/** Reads JSON that a person has written: an object, or what is wrong with it. */
export function readJson<T extends object>(text: string): { value: T } | { fault: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { fault: "{…}" };
    return { value: value as T };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
