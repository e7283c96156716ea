import { formatDuration, formatInstant } from "../text/format.ts";
import type { Situation } from "./situation.ts";

/** A trigger that breaches again after a rollback that was verified, though what was put back still runs. */
export interface Relapse {
  /** Of the rollback. */
  readonly decisionId: string;
  /** RFC 3339. */
  readonly verifiedAt: string;
  readonly trigger: string;
  /** From the verdict to the first slot of the window. */
  readonly afterMs: number;
}

/** Undefined unless a window that fires now began within `recovery` after the verdict. */
export function relapseOf({ policy, release, verified, firing }: Situation): Relapse | undefined {
  if (verified === undefined || release?.revision.digest !== verified.toDigest) return undefined;
  const [first] = firing.toSorted((a, b) => a.status.window.from - b.status.window.from);
  if (first === undefined) return undefined;
  const afterMs = Math.max(0, first.status.window.from - verified.at);
  if (afterMs > policy.rollback.verify.recoveryMs) return undefined;
  const verifiedAt = new Date(verified.at).toISOString();
  return { decisionId: verified.decisionId, verifiedAt, trigger: first.trigger.name, afterMs };
}

export function relapseSentence({ decisionId, verifiedAt, trigger, afterMs }: Relapse): string {
  const when = formatInstant(Date.parse(verifiedAt));
  return (
    `The rollback was verified at ${when}, and ${trigger} breaches again since ${formatDuration(afterMs)} after that: ` +
    `it did not end the failure. Read what was verified: rollbackd log report ${decisionId}.`
  );
}
