import type { Vulnerability } from "../signals/image-report.ts";
import type { Sample } from "../signals/sample.ts";
import type { HoldReason } from "./reason.ts";

/** A vulnerability in an image that runs, and which reports say so. */
export interface VulnerableImage extends Vulnerability {
  readonly image: string;
  readonly reports: readonly string[];
}

/** What one trigger measured, kept with the decision so that it can be judged without any other source. */
export interface Evidence {
  readonly trigger: string;
  /** The PromQL, or the address that was probed. */
  readonly query: string;
  readonly threshold: string;
  /** The threshold as a number, in the unit of the samples; not there where it is not one. */
  readonly limit?: number;
  readonly forMs: number;
  /** With `aggregate: each`: the series that the samples are of. */
  readonly series?: string;
  readonly samples: readonly Sample[];
  readonly endpoint: string;
  readonly rulesHash: string;
  /** Of a vulnerability trigger: what counts, the first hundred of it. */
  readonly vulnerabilities?: readonly VulnerableImage[];
  /** Of these, and of others that count, what is in the revision that would be put back; likewise bounded. */
  readonly targetVulnerabilities?: readonly VulnerableImage[];
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
