/** What a pass sees of the freezes of a policy. */
export type FreezeRecord =
  /** A freeze came to the end that it was given. */
  | {
      readonly type: "freeze.expired";
      readonly policy: string;
      /** Whose freeze it was; not there in records of versions that knew one freeze a policy. */
      readonly holder?: string;
      readonly until: string;
    }
  /** The last freeze of a policy is about to end while a trigger fires. */
  | {
      readonly type: "freeze.ending";
      readonly policy: string;
      readonly holder: string;
      readonly until: string;
      /** What fires. */
      readonly triggers: readonly string[];
      /** From when automation may act. */
      readonly actsFrom: string;
    };

/** A freeze or a veto has held a firing trigger for longer than a limit: once an episode. */
export interface HoldRecord {
  readonly type: "hold.prolonged";
  readonly policy: string;
  readonly target: string;
  readonly release?: string;
  /** The decision that holds. */
  readonly decisionId: string;
  readonly reason: "frozen" | "vetoed";
  /** What fires. */
  readonly triggers: readonly string[];
  readonly since: string;
  readonly limitMs: number;
  /** A sentence that says what holds. */
  readonly detail: string;
}
