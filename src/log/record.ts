import type { Evidence } from "../decisions/decision.ts";
import type { ManualReason } from "../decisions/manual-reason.ts";
import type { HoldReason } from "../decisions/reason.ts";
import type { Relapse } from "../decisions/relapse.ts";
import type { Veto } from "../decisions/veto.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { TriggerState } from "../engine/trigger-status.ts";
import type { Versioned } from "../releases/version.ts";
import type { ReleaseContext } from "../releases/release-context.ts";
import type { ChannelName, Severity } from "../rules/policy.ts";
import type { UnknownReason } from "../signals/sample.ts";
import type { FreezeRecord, HoldRecord } from "./hold-record.ts";

/**
 * What happened, before it is given its place in the chain. Instants are RFC 3339 UTC with milliseconds.
 * Adding a field is free; readers must ignore what they do not know.
 */
export type RecordBody =
  | DaemonRecord
  | RulesRecord
  | RightsRecord
  | ReleaseRecord
  | TriggerRecord
  | SightRecord
  | DecisionRecord
  | RollbackRecord
  | SuspensionRecord
  | OperatorRecord
  | FreezeRecord
  | HoldRecord
  | ApprovalRecord
  | CheckpointRecord
  | VulnerabilitiesRecord
  | NotificationRecord;

export type LogRecord = RecordBody & {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number;
  readonly at: string;
  /** `hash` of the record before; 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256, hex, over this record without `hash`; see docs/decision-log.md. */
  readonly hash: string;
};

type DaemonRecord =
  | { readonly type: "daemon.started"; readonly version: string; readonly note?: string }
  | { readonly type: "daemon.stopped"; readonly cause: string };

type RulesRecord =
  | {
      readonly type: "rules.loaded";
      /** Policy hash and trigger hashes by name: what was in force from here on. */
      readonly policies: readonly {
        readonly policy: string;
        readonly hash: string;
        readonly triggers: Readonly<Record<string, string>>;
        /** Its checkpoints, by how many ms after the clock of a release they are; not there where it has none. */
        readonly checkpoints?: readonly number[];
      }[];
      /** What differs from the rules before, in words, a line a change; not there where nothing does. */
      readonly changes?: readonly string[];
    }
  | { readonly type: "rules.rejected"; readonly problems: readonly string[] };

/** What rollbackd's account may not do in the cluster although policies need it; granted: all of it is allowed again. */
export type RightsRecord =
  | {
      readonly type: "rights.missing";
      /** One a namespace, or for the whole cluster. */
      readonly missing: readonly MissingRights[];
    }
  | { readonly type: "rights.granted" };

export interface MissingRights {
  /** Empty where a ClusterRole has to allow it. */
  readonly namespace: string;
  /** Lines to add to the Role. */
  readonly rules: readonly string[];
  /** What they are for. */
  readonly why: readonly string[];
  readonly policies: readonly string[];
}

interface OfRelease {
  readonly policy: string;
  readonly release: string;
}

type ReleaseRecord =
  | (OfRelease & {
      readonly type: "release.observed";
      readonly target: string;
      readonly revision: string;
      readonly digest: string;
      readonly images?: Versioned["images"];
      readonly previous?: Versioned & { readonly digest: string };
      readonly startedAt: string;
      readonly cause: "deploy" | "rollback";
      /** A person deployed what was rolled back before. */
      readonly quarantined: boolean;
      /** Nobody looks at what runs: it is what somebody said (`by`), or what came back in its place. */
      readonly told?: true;
      /** Who wrote what runs, as the cluster calls them. */
      readonly writtenBy?: string;
      /** Who else has a say in it. */
      readonly owners?: readonly GitOpsOwner[];
      readonly by?: string;
      readonly note?: string;
    })
  | (OfRelease & { readonly type: "release.ready"; readonly clockAt: string })
  | (OfRelease & { readonly type: "release.promoted"; readonly digest: string })
  | (OfRelease & { readonly type: "release.superseded"; readonly by: string });

type TriggerRecord = {
  readonly type: `trigger.${"pending" | "firing" | "resolved" | "unknown"}`;
  readonly policy: string;
  readonly release?: string;
  readonly trigger: string;
  readonly from: TriggerState;
  readonly reason: string;
  /** Of trigger.unknown: why. */
  readonly unknown?: UnknownReason;
  readonly value?: number;
  /** The slot that it is about. */
  readonly slot: string;
};

type SightRecord =
  | {
      readonly type: "evaluation.blind";
      readonly policy: string;
      readonly since: string;
      readonly reason: string;
      /** Every trigger of the policy only observes. */
      readonly observes?: true;
    }
  | { readonly type: "evaluation.sighted"; readonly policy: string; readonly blindMs: number }
  /** Prometheus answers, yet a trigger of a guarded release has long been unknown for reasons of its own. */
  | (OfRelease & {
      readonly type: "evaluation.no-data";
      readonly trigger: string;
      readonly since: string;
      readonly reason: string;
      /** Absent in records of versions that did not tell. */
      readonly unknown?: UnknownReason;
    });

export interface DecisionRecord {
  readonly type: "decision.made";
  readonly policy: string;
  readonly target: string;
  readonly release?: string;
  readonly decisionId: string;
  readonly decision: "rollback" | "hold" | "escalate";
  readonly reason: HoldReason | "rollback";
  readonly otherReasons: readonly HoldReason[];
  readonly trigger: string;
  /** The whole story in a sentence or two, numbers included, next step last. */
  readonly summary: string;
  readonly from?: Versioned & { readonly digest: string };
  readonly to?: Versioned & { readonly digest: string };
  /** What fired in a few words, with the number: `20.8 % errors`. Absent in older records. */
  readonly headline?: string;
  /** The command that does it by hand, where target and revision do not tell it. */
  readonly byHand?: string;
  readonly evidence: readonly Evidence[];
  /** How loud the trigger's author wants a page about it. */
  readonly severity?: Severity;
  /** Where the policy's author says what to do. */
  readonly runbook?: string;
  /** What the release changed, and which ConfigMaps and Secrets of its pods changed lately. */
  readonly context?: ReleaseContext;
  /** A person asked for it. */
  readonly manual?: { readonly reason: ManualReason; readonly by: string; readonly note?: string };
  /** Until when a person may approve it; only there where it waits for that. */
  readonly approveUntil?: string;
  /** The decision that waited for a person, and who approved it. */
  readonly approval?: { readonly decisionId: string; readonly by: string };
  /** It fires again within `recovery` after a rollback was verified, and what was put back still runs. */
  readonly relapse?: Relapse;
  /** What the `unless` of the trigger or of its policy had against it. */
  readonly veto?: Veto;
  /** Of a hold by freezes: those in force, the one that ends last first. */
  readonly freezes?: readonly { readonly holder: string; readonly until?: string; readonly note?: string }[];
  /** Who else has a say in what the target runs. */
  readonly owners?: readonly GitOpsOwner[];
  /** Of a rollback: when the next automatic one of the target is possible, and by which rule. */
  readonly nextRollback?: { readonly at: string; readonly rule: HoldReason };
  /** What the precheck printed that does not let the release be undone. */
  readonly output?: string;
}

interface OfRollback {
  readonly policy: string;
  readonly target: string;
  readonly release: string;
  readonly decisionId: string;
}

interface StartedRevision extends Versioned {
  readonly digest: string;
  /** Of a group: what each member runs, by its name. */
  readonly members?: Readonly<Record<string, { readonly name: string; readonly digest: string }>>;
}

export type RollbackRecord =
  | (OfRollback & {
      readonly type: "rollback.started";
      readonly strategy: "deployment" | "statefulset" | "blue-green" | "script";
      readonly uid: string;
      readonly trigger: string;
      /** All triggers that fired at the decision; not there where a person asked. */
      readonly fired?: readonly string[];
      /** Of one that a person asked for: what fired when it began, and no more, has to recover. */
      readonly mustRecover?: readonly string[];
      readonly from: StartedRevision;
      readonly to: StartedRevision;
    })
  | RetryingRecord
  | (OfRollback & {
      readonly type: "rollback.applied";
      readonly detail: string;
      readonly output?: string;
      /** What the target runs in place of what was to be put back, where admission changed that. */
      readonly runs?: Omit<StartedRevision, "revision">;
    })
  /** The cluster says why what was put back does not get on: once for each new set of reasons. */
  | (OfRollback & {
      readonly type: "rollback.waiting";
      /** How many pods run what, and the reasons. */
      readonly detail: string;
      readonly reasons: readonly string[];
    })
  | (OfRollback & {
      readonly type: "rollback.verified";
      readonly detail: string;
      readonly steps: readonly string[];
    })
  | (OfRollback & {
      readonly type: "rollback.failed";
      readonly reason: string;
      readonly detail: string;
      readonly steps?: readonly string[];
      readonly output?: string;
      /** What serves is known to be unchanged: no cooldown begins, and no budget is spent. */
      readonly changed?: false;
      /** Nothing more is tried for this release until rights, target, rules or a person's word change. */
      readonly gaveUp?: true;
      /** The decision of another rollbackd that rolled the release back. */
      readonly peer?: string;
    });

/** A rollback does not get through and is tried again. Written once a rollback, when people have to be told. */
export type RetryingRecord = OfRollback & {
  readonly type: "rollback.retrying";
  /** As the rollback ends if no try gets through. */
  readonly reason: string;
  /** What was answered, with the number of tries. */
  readonly detail: string;
  /** Until when it is tried. */
  readonly until: string;
};

/** A GitOps owner of the target was told to leave it alone, before the act. */
export type SuspensionRecord = OfRollback & {
  readonly type: "gitops.suspended";
  readonly owner: string;
  readonly detail: string;
  /** The exact command that has it go on. */
  readonly resume: string;
};

interface ByPerson {
  readonly policy: string;
  /** Who it was and how that is known: `token:alice`, `kubernetes:alice@example.com`. */
  readonly by: string;
  readonly note?: string;
}

/** What people asked for, written before it is carried out. */
export type OperatorRecord =
  | (ByPerson & {
      readonly type: "operator.rollback";
      readonly target: string;
      /** Of the decision that follows. */
      readonly decisionId: string;
      readonly reason: ManualReason;
      /** The revision that was asked for; not there where rollbackd was to choose. */
      readonly to?: string;
      /** A maintenance window is to be announced to the users around it. */
      readonly maintenance?: true;
    })
  | (ByPerson & {
      readonly type: "operator.freeze";
      /** When it ends by itself; not there where somebody has to resume. */
      readonly until?: string;
    })
  | (ByPerson & {
      readonly type: "operator.resume";
      /** Whose freeze it ends; not there in records of versions that knew one freeze a policy. */
      readonly holder?: string;
    })
  | (ByPerson & {
      readonly type: "operator.approve" | "operator.reject";
      readonly release?: string;
      /** The decision that waited for it. */
      readonly decisionId: string;
    });

/** The end of waiting for a person: nobody answered in time, or what had fired recovered. */
export interface ApprovalRecord {
  readonly type: "approval.expired" | "approval.withdrawn";
  readonly policy: string;
  readonly target: string;
  readonly release?: string;
  readonly decisionId: string;
  readonly detail: string;
}

/** What one check of a checkpoint found. */
export interface CheckResult {
  readonly name: string;
  readonly result: "pass" | "fail" | "unknown";
  /** In the unit of the query; not there where nothing is measured. */
  readonly value?: number;
  /** The same over the same span before the release. */
  readonly before?: number;
  /** What must hold, as its author wrote it: `below 0.1%`. */
  readonly must?: string;
  /** The numbers in words, or why it is unknown. */
  readonly detail: string;
}

/** How a release does some time after its clock began. Passed: every check passed; what is unknown has not. */
export interface CheckpointRecord extends OfRelease {
  readonly type: "checkpoint.passed" | "checkpoint.failed";
  readonly target: string;
  /** `at` of the rules: `4h`. */
  readonly checkpoint: string;
  readonly afterMs: number;
  /** The instant that it is about. */
  readonly dueAt: string;
  /** Made later than that, because the daemon was not there or Prometheus did not answer. */
  readonly late?: true;
  readonly lateMs?: number;
  readonly checks: readonly CheckResult[];
  /** No checkpoint follows. */
  readonly last: boolean;
  /** Since when the release is known to be good; not there where it is not. */
  readonly goodSince?: string;
}

/** A report about an image that somebody sent, written before it counts. */
export interface VulnerabilitiesRecord {
  readonly type: "vulnerabilities.received";
  /** Who it was and how that is known: `token:ci`. */
  readonly by: string;
  /** What it is about: tags and digests. */
  readonly images: readonly string[];
  /** How many vulnerabilities it lists, by severity. */
  readonly found: Readonly<Record<string, number>>;
}

export type NotificationEvent = "trigger" | "resolve" | "info";

interface OfNotification {
  /** Undefined for what concerns no policy, such as rules that cannot be loaded. */
  readonly policy?: string;
  readonly decisionId?: string;
  /** The same for the same cause and channel, also when it is queued again after a crash. */
  readonly notificationId: string;
  readonly channel: ChannelName;
}

export type NotificationRecord =
  | (OfNotification & {
      readonly type: "notification.queued";
      readonly release?: string;
      readonly event: NotificationEvent;
      readonly dedupKey: string;
      /** `seq` of the record that caused it. */
      readonly cause: number;
    })
  | (OfNotification & {
      readonly type: "notification.delivered";
      readonly attempts: number;
      /** What the receiver calls it, such as the id of an incident on a status page. */
      readonly reference?: string;
    })
  | (OfNotification & {
      readonly type: "notification.failed";
      readonly attempts: number;
      readonly error: string;
    });

/** Appends durably: the promise resolves when the record is on disk. Throws LogUnwritable. */
export type Append = (body: RecordBody, at?: number) => Promise<LogRecord>;
