import type { Logger } from "pino";
import type { FiringTrigger } from "../decisions/situation.ts";
import type { InstantQuery } from "../signals/query.ts";
import type { DecisionRecord, LogRecord, RecordBody } from "../log/record.ts";
import type { Release } from "../releases/release.ts";
import type { LookForNeeded, LookInto } from "../releases/release-context.ts";
import type { MarkStanding } from "../releases/watch.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import type { AskOwners } from "../rollback/gitops/restoring.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ConfirmPorts } from "./confirm.ts";
import type { Fleet, Member } from "./fleet.ts";
import type { GatesOf } from "./gates.ts";
import type { History } from "./history.ts";
import type { OneAtATime } from "./one-at-a-time.ts";
import type { PrecheckOnce } from "./precheck-once.ts";
import type { Sharing } from "./sharing.ts";

/**
 * Appends, and folds into the history; undefined when the log cannot be written. What could not be recorded
 * is seen again as a difference to the history, and recorded once the log can be written.
 */
export type RecordInLog = (body: RecordBody) => Promise<LogRecord | undefined>;

/** Makes the next checkpoint that is due at `slot` (Prometheus's time, epoch ms). Never throws, holds up nobody. */
export type LookAfterLaunch = (release: Release, slot: number) => void;

/** What a pass over one policy needs of the world. */
export interface PassPorts extends ConfirmPorts {
  /** Absent where the policy has none. */
  readonly precheck?: PrecheckOnce;
  /** Asked for vetoes; triggers are measured by the sampler. */
  readonly instant: InstantQuery;
  readonly history: History;
  readonly record: RecordInLog;
  readonly gates: GatesOf;
  readonly oneAtATime: OneAtATime;
  readonly massBreach: Fleet["massBreach"];
  readonly member: Member;
  /** Other policies on the same Deployments. */
  readonly sharing: () => readonly Sharing[];
  /** How far the clock of Prometheus is ahead of `now`, in ms, as far as is known. */
  readonly skewMs: () => number;
  /** Resolves once the beginning is recorded; the act and its verification go on by themselves. */
  readonly begin: (order: RollbackOrder, firing: FiringTrigger) => Promise<boolean>;
  /** Would a try of it pass now? Changes nothing. Absent where that is never asked. */
  readonly wouldPass?: (order: RollbackOrder) => Promise<boolean>;
  /** Tells people of a decision that the log could not take. */
  readonly tellUnlogged: (decision: DecisionRecord) => void;
  readonly newDecisionId: (at: number) => string;
  readonly markStanding: MarkStanding;
  /** Absent where the target does not show what its releases are made of. */
  readonly lookInto?: LookInto;
  /** Absent where the policy acts whatever owners do. */
  readonly askOwners?: AskOwners;
  /** Absent where the target does not show what its pods need, or a script knows a way of its own. */
  readonly lookForNeeded?: LookForNeeded;
  readonly checkpoints: { readonly look: LookAfterLaunch };
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** False from when the policy is on its way out: what is under way is brought to its end, nothing is begun. */
  readonly mayDecide: () => boolean;
  /** True once it is being ended, connections and all. */
  readonly isStopping: () => boolean;
}
