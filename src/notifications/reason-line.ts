import { HOLD_REASONS } from "../decisions/reason.ts";
import { FAILURE_REASONS } from "./failure.ts";

const REASONS: ReadonlySet<string> = new Set<string>([...HOLD_REASONS, ...FAILURE_REASONS]);

/** Where a reason is explained; empty for one that this version does not know. */
export function reasonLine(reason: string): string {
  return REASONS.has(reason) ? `About this reason: docs/reasons.md#${reason}` : "";
}
