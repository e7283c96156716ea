import type { Policy } from "../rules/policy.ts";
import type { Watched } from "./measure.ts";
import type { TargetFacts } from "./target-facts.ts";

/** What one pass found out about one policy. */
export interface Seen {
  readonly at: number;
  readonly policy: Policy;
  readonly facts: (TargetFacts & { readonly uid: string }) | undefined;
  /** Why there are none. */
  readonly unseen: string | undefined;
  readonly watched: ReadonlyMap<string, Watched>;
}
