import type { UnknownReason } from "../signals/sample.ts";

/** What a trigger says at one instant. Releases play no part in it. */
export type TriggerState = "inactive" | "pending" | "firing" | "unknown";

export interface WindowSummary {
  /** First and last slot, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly known: number;
  readonly breaching: number;
  readonly longestGapMs: number;
}

export interface TriggerStatus {
  readonly trigger: string;
  readonly state: TriggerState;
  /** With `aggregate: each`: the series that this is about. */
  readonly series?: string;
  /** Why; there when the state is unknown. */
  readonly unknown?: UnknownReason;
  /** The slot (or, for probes, the newest result) that this is about, epoch ms. */
  readonly at: number;
  /** Newest known value, in the unit of the query's result. */
  readonly value: number | undefined;
  /** The newest numbers in a few words, to begin a page with: "20.8 % errors". */
  readonly headline: string;
  /** One line with the numbers: "error-rate is 20.8 %, above 5 % for 5 min (21 of 21 slots)". */
  readonly reason: string;
  readonly window: WindowSummary;
  /** Earliest instant at which it could fire if every coming slot breaches; undefined unless pending. */
  readonly firesAt: number | undefined;
}
