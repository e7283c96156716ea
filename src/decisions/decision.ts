import type { Sample } from "../signals/sample.ts";
import type { HoldReason } from "./reason.ts";

/** What one trigger measured, kept with the decision so that it can be judged without any other source. */
export interface Evidence {
  readonly trigger: string;
  /** The PromQL, or the address that was probed. */
  readonly query: string;
  readonly threshold: string;
  /** The threshold as a number, in the unit of the samples; not there where it is not one. */
  readonly limit?: number;
  readonly forMs: number;
  readonly samples: readonly Sample[];
  readonly endpoint: string;
  readonly rulesHash: string;
  /** The trigger's own sentence with the numbers. */
  readonly summary: string;
}

export type Decision =
  | { readonly decision: "rollback"; readonly reason: "rollback"; readonly otherReasons: readonly [] }
  | {
      readonly decision: "hold" | "escalate";
      readonly reason: HoldReason;
      readonly otherReasons: readonly HoldReason[];
    };
