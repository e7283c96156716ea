import type { TriggerState } from "../../src/engine/trigger-status.ts";

/** A trigger in the answer of `/health/detailed`; instants are RFC 3339. */
export interface TriggerView {
  readonly trigger: string;
  readonly state: TriggerState;
  readonly at: string;
  readonly value?: number;
  readonly firesAt?: string;
  readonly window: { readonly size: number; readonly known: number; readonly breaching: number };
}

/** What the demo reads of the answer of `/health/detailed`. */
export interface View {
  readonly policies: readonly { readonly triggers: readonly TriggerView[] }[];
}
