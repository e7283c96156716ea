import type { ManualReason } from "../decisions/manual-reason.ts";

/** Who asks and how that is known, as the log keeps it: `token:alice`, `kubernetes:alice@example.com`. */
export type Asker = string;

export interface ManualRollback {
  readonly reason: ManualReason;
  readonly note?: string;
  /** Name of the revision to go back to; rollbackd chooses where it is not there. */
  readonly to?: string;
  readonly maintenance?: boolean;
  /** The release that the plan was about which was agreed to; another one is not rolled back instead. */
  readonly release?: string;
}

/** What a rollback would change, to be shown before it is asked for. */
export interface RollbackPlan {
  readonly policy: string;
  readonly target: string;
  readonly release: string;
  readonly from: RevisionText;
  readonly to: RevisionText;
  /** What differs in what would run, a line each; empty where the target cannot show it. Holds no secret. */
  readonly diff: readonly string[];
  /** What a person should know before agreeing, a sentence each. */
  readonly warnings: readonly string[];
}

/** A freeze as answers show it. */
export interface StandingFreeze {
  readonly holder: string;
  /** RFC 3339. */
  readonly at: string;
  /** RFC 3339; not there where its holder has to resume. */
  readonly until?: string;
  readonly note?: string;
}

export interface RevisionText {
  readonly revision: string;
  readonly digest: string;
  readonly standing: string;
  /** By container. */
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Why nothing was done. `invalid`: what was sent is not what it should be. `not-found`: no such policy or decision. `refused`: a precondition does not hold, with its
 * name where it has one. `unavailable`: it can work later, such as when the log can be written again.
 */
export interface Refusal {
  readonly ok: false;
  readonly kind: "invalid" | "not-found" | "refused" | "unavailable";
  readonly reason?: string;
  /** Of a freeze that is another's: who holds the policy frozen. */
  readonly holders?: readonly string[];
  /** What is the matter and what to do, for people. */
  readonly detail: string;
}

export type Answer<T> = ({ readonly ok: true } & T) | Refusal;

/** What people can ask of the running daemon. Each is on record with who asked before anything is done. */
export interface Commands {
  readonly plan: (
    policy: string,
    request: ManualRollback,
  ) => Promise<Answer<{ readonly plan: RollbackPlan }>>;
  /** Resolves once the rollback is begun; how it goes on is told by the log, under `decisionId`. */
  readonly rollback: (
    policy: string,
    request: ManualRollback,
    by: Asker,
  ) => Promise<Answer<{ readonly decisionId: string; readonly plan: RollbackPlan }>>;
  /** `untilMs`: epoch ms at which it ends by itself. `freezes`: all that stand now; those of other holders stay. */
  readonly freeze: (
    policy: string,
    request: { readonly note?: string; readonly untilMs?: number },
    by: Asker,
  ) => Promise<Answer<{ readonly until?: string; readonly freezes: readonly StandingFreeze[] }>>;
  /** Ends the freeze of `holder`; default: that of who asks. `freezes`: those that stand still. */
  readonly resume: (
    policy: string,
    request: { readonly note?: string; readonly holder?: string },
    by: Asker,
  ) => Promise<Answer<{ readonly holder: string; readonly freezes: readonly StandingFreeze[] }>>;
  /** `inTheWay`: the reason of what was decided since; the rollback waits for its end. */
  readonly approve: (
    decisionId: string,
    request: { readonly note?: string },
    by: Asker,
  ) => Promise<Answer<{ readonly policy: string; readonly inTheWay?: string }>>;
  readonly reject: (
    decisionId: string,
    request: { readonly note?: string },
    by: Asker,
  ) => Promise<Answer<{ readonly policy: string }>>;
  /** A deploy script tells of a version that went live; for script targets without a version query. */
  readonly release: (
    policy: string,
    request: { readonly version: string; readonly note?: string },
    by: Asker,
  ) => Promise<Answer<{ readonly release: string }>>;
  /**
   * Takes a report as `trivy image --format json` prints it. `image`: what it is about, where the report does not say
   * so itself. `policies`: those that have been waiting for it, because such an image runs.
   */
  readonly vulnerabilities: (
    request: { readonly report: unknown; readonly image?: string },
    by: Asker,
  ) => Promise<
    Answer<{
      readonly images: readonly string[];
      readonly found: Readonly<Record<string, number>>;
      readonly policies: readonly string[];
      /** RFC 3339: when a newer scan of the same image and platform was made, which goes on to count instead. */
      readonly newerScan?: string;
    }>
  >;
  /** The policy that a decision belongs to, for what a person may do is a matter of the policy. */
  readonly policyOfDecision: (decisionId: string) => Promise<string | undefined>;
}
