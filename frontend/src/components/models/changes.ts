/** Saving a form over what others may have changed meanwhile: only fields changed here are sent. */

import { ApiError } from "@/api/client";

/** The fields of `values` that differ from `before`. */
export function changesOf<T extends object>(before: Partial<T>, values: T): Partial<T> {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => !same(before[name as keyof T], value)),
  ) as Partial<T>;
}

/** Runs `save`; where somebody else was faster, reads anew with `refresh` and says so in `message`. */
export async function overtaken<T>(save: () => Promise<T>, refresh: () => Promise<unknown>, message: string) {
  try {
    return await save();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    await refresh();
    throw new ApiError(412, error.code, message);
  }
}
