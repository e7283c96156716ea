import type { LogRecord, OperatorRecord } from "../log/record.ts";
import type { RecordInLog } from "./ports.ts";
import type { RunningPolicy } from "./run-policy.ts";

export interface WeighPorts {
  readonly record: RecordInLog;
  readonly running: () => readonly Pick<RunningPolicy, "policy" | "reconsider">[];
}

/** What a person said is acted on at once, not in the next slot. */
export async function recordAndWeigh(
  body: Exclude<OperatorRecord, { type: "operator.rollback" }>,
  { record, running }: WeighPorts,
): Promise<LogRecord | undefined> {
  const written = await record(body);
  if (written !== undefined)
    running()
      .find(({ policy }) => policy.name === body.policy)
      ?.reconsider();
  return written;
}

export function noted(note: string | undefined): { readonly note?: string } {
  return note === undefined ? {} : { note };
}
