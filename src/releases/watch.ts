import type { Revision, TargetSnapshot } from "./release.ts";

export type Lookup =
  | {
      readonly ok: true;
      readonly snapshot: TargetSnapshot;
      /** The snapshot is what was last seen: since when (epoch ms) changes of the target would not be, and why. */
      readonly stale?: { readonly since: number; readonly detail: string };
    }
  | {
      readonly ok: false;
      /** `unusable-version`: what runs names itself in a way that no script may be given. */
      readonly reason: "not-found" | "forbidden" | "unreachable" | "unknown-version" | "unusable-version";
      readonly detail: string;
    };

/** Follows one target for as long as the daemon runs. */
export interface TargetWatch {
  /** What was last seen; never waits. */
  readonly current: () => Lookup;
  /** Asks the source itself, bounded in time; used just before an act. Never throws. */
  readonly reread: () => Promise<Lookup>;
  /** Called after every change of `current()`. Returns the way to stop listening. */
  readonly onChange: (listener: () => void) => () => void;
  readonly stop: () => Promise<void>;
}

/** Writes what rollbackd learned about a revision where a replica without the log will find it. */
export type MarkStanding = (
  target: string,
  digest: string,
  standing:
    | { readonly kind: "good"; readonly at: number }
    | { readonly kind: "quarantined"; readonly decisionId: string },
  /** Of a group: the members that it is about. */
  members?: Revision["members"],
) => Promise<void>;
