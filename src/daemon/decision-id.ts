import { randomBytes } from "node:crypto";

/** Sorts by time, and says when without a look-up: `20260302T100600Z-3f9a1c`. */
export function newDecisionId(at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
