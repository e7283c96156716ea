import { type Answer, rejectedBy } from "../decisions/answer.ts";
import type { Freezes } from "../decisions/freeze.ts";
import { foldFreezes } from "../decisions/freeze-fold.ts";
import type { FreezeRecord, HoldRecord } from "../log/hold-record.ts";
import type { ApprovalRecord, DecisionRecord, LogRecord, OperatorRecord } from "../log/record.ts";
import { foldHold, type Hold } from "./hold-fold.ts";

/** One asking of a person whether to act, and how it went. */
export interface Approval {
  readonly decision: DecisionRecord;
  readonly askedAt: number;
  readonly untilMs: number;
  readonly state: "waiting" | "approved" | "rejected" | "expired" | "withdrawn" | "replaced" | "acted";
  /** Who answered; undefined while nobody has. */
  readonly by: string | undefined;
  /** What a rejection or a time-out means for as long as the episode lasts, and an approval until it is used. */
  readonly answer: Answer | undefined;
}

/** It may still come to an act. */
export function isOpen({ state }: Approval): boolean {
  return state === "waiting" || state === "approved";
}

/** What people decided, as the log tells it. */
export interface People {
  /** By policy. */
  readonly freezes: Map<string, Freezes>;
  /** By policy: the end that was announced before it came, epoch ms. */
  readonly announcedEnds: Map<string, number>;
  /** By policy: in the present episode. */
  readonly holds: Map<string, Hold>;
  /** By decision, oldest first, the newest few. */
  readonly approvals: Map<string, Approval>;
  /** By target: a person's decision to roll back whose rollback has not begun. */
  readonly unbegun: Map<string, DecisionRecord>;
}

export function noPeople(): People {
  return {
    freezes: new Map(),
    announcedEnds: new Map(),
    holds: new Map(),
    approvals: new Map(),
    unbegun: new Map(),
  };
}

/** Enough to tell somebody who answers late what became of the question. */
const REMEMBERED_APPROVALS = 200;

export type OfPeople = LogRecord & (OperatorRecord | FreezeRecord | HoldRecord | ApprovalRecord);

export function isOfPeople(record: LogRecord): record is OfPeople {
  return /^(operator|freeze|hold|approval)\./u.test(record.type);
}

export function foldPeople(people: People, record: OfPeople): void {
  const at = Date.parse(record.at);
  switch (record.type) {
    case "operator.freeze":
    case "operator.resume":
    case "freeze.expired":
      people.freezes.set(record.policy, foldFreezes(people.freezes.get(record.policy), record));
      return;
    case "freeze.ending":
      people.announcedEnds.set(record.policy, Date.parse(record.until));
      return;
    case "hold.prolonged":
      people.holds.set(record.policy, foldHold(people.holds.get(record.policy), record));
      return;
    case "operator.approve": {
      const { by, decisionId } = record;
      settle(people, decisionId, { state: "approved", by, answer: { kind: "approved", decisionId, by } });
      return;
    }
    case "operator.reject": {
      const { by, note } = record;
      settle(people, record.decisionId, { state: "rejected", by, answer: rejectedBy(by, at, note) });
      return;
    }
    case "approval.expired": {
      const { decisionId, detail } = record;
      settle(people, decisionId, { state: "expired", answer: { kind: "declined", detail } });
      return;
    }
    case "approval.withdrawn":
      settle(people, record.decisionId, { state: "withdrawn", answer: undefined });
      return;
    default:
  }
}

/** A decision asks anew, or makes what was asked before meaningless. */
export function foldDecision(people: People, record: DecisionRecord & LogRecord): void {
  const { policy, decisionId, approveUntil } = record;
  people.holds.set(policy, foldHold(people.holds.get(policy), record));
  const open = [...people.approvals.values()].filter(
    (approval) => approval.decision.policy === policy && isOpen(approval),
  );
  if (record.decision === "rollback") {
    open.forEach(({ decision }) =>
      settle(people, decision.decisionId, { state: "acted", answer: undefined }),
    );
    if (record.manual !== undefined) people.unbegun.set(record.target, record);
  }
  if (approveUntil === undefined) return;
  open.forEach(({ decision }) =>
    settle(people, decision.decisionId, { state: "replaced", answer: undefined }),
  );
  people.approvals.set(decisionId, {
    decision: record,
    askedAt: Date.parse(record.at),
    untilMs: Date.parse(approveUntil),
    state: "waiting",
    by: undefined,
    answer: undefined,
  });
  const [oldest] = people.approvals.keys();
  if (people.approvals.size > REMEMBERED_APPROVALS && oldest !== undefined) people.approvals.delete(oldest);
}

/** Nothing fires any more: an answer was about this episode, and the next one asks anew. */
export function endEpisode(people: People, policy: string): void {
  people.holds.delete(policy);
  for (const { decision, state } of people.approvals.values()) {
    // One that waits is taken back on record, by the pass that sees it.
    if (decision.policy === policy && state !== "waiting")
      settle(people, decision.decisionId, { answer: undefined });
  }
}

function settle({ approvals }: People, decisionId: string, change: Partial<Approval>): void {
  const known = approvals.get(decisionId);
  if (known !== undefined) approvals.set(decisionId, { ...known, ...change });
}
