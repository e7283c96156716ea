import type { DecisionRecord } from "../log/record.ts";
import type { History } from "./history.ts";
import { type Approval, isOpen } from "./people-fold.ts";
import type { Asker, Commands, Refusal } from "./commands.ts";
import { freezeCommands } from "./freeze-commands.ts";
import { createManual, type ManualPorts } from "./manual-rollback.ts";
import { noted, recordAndWeigh } from "./record-and-weigh.ts";
import { refused, unknownPolicy, UNWRITABLE } from "./refusals.ts";
import { createTellRelease } from "./tell-release.ts";
import { takeVulnerabilities, type TakePorts } from "./take-vulnerabilities.ts";

export interface CommandPorts extends ManualPorts, TakePorts {
  /** For a decision that is too old to be remembered. */
  readonly policyInLog: (decisionId: string) => Promise<string | undefined>;
}

/** What people can ask, carried out by the running daemon. */
export function createCommands(ports: CommandPorts): Commands {
  const answer =
    (kind: "approve" | "reject"): Commands["approve"] =>
    async (decisionId, { note }, by) =>
      answerNow({ kind, decisionId, by, ...(note !== undefined && { note }) }, ports);
  return {
    ...createManual(ports),
    ...freezeCommands(ports),
    approve: answer("approve"),
    reject: answer("reject"),
    release: createTellRelease(ports),
    vulnerabilities: takeVulnerabilities(ports),
    policyOfDecision: async (decisionId) =>
      ports.history.approval(decisionId)?.decision.policy ?? ports.policyInLog(decisionId),
  };
}

interface Given {
  readonly kind: "approve" | "reject";
  readonly decisionId: string;
  readonly by: Asker;
  readonly note?: string;
}

async function answerNow(given: Given, ports: CommandPorts): ReturnType<Commands["approve"]> {
  const { decisionId, kind, by, note } = given;
  const asked = ports.history.approval(decisionId);
  if (asked === undefined) {
    return {
      ok: false,
      kind: "not-found",
      detail: `No decision ${decisionId} waits for an answer. Check its id.`,
    };
  }
  const { policy, target, release } = asked.decision;
  if (!ports.history.isInForce(policy)) return unknownPolicy(policy);
  return ports.oneAtATime(target, async () => {
    const why = whyTooLate(decisionId, ports.history, ports.now());
    if (why !== undefined) return why;
    const about = { policy, by, decisionId, ...noted(note), ...(release !== undefined && { release }) };
    const record = await recordAndWeigh({ type: `operator.${kind}`, ...about }, ports);
    if (record === undefined) return UNWRITABLE;
    return { ok: true, policy, ...(kind === "approve" && inTheWay(asked.decision, ports.history)) };
  });
}

const BECAME: Readonly<Record<Exclude<Approval["state"], "waiting">, string>> = {
  approved: "was approved",
  rejected: "was rejected",
  expired: "was not acted on in time",
  withdrawn: "was withdrawn, for there was nothing left to answer",
  replaced: "was asked anew",
  acted: "ended in a rollback",
};

function whyTooLate(decisionId: string, history: History, now: number): Refusal | undefined {
  const asked = history.approval(decisionId);
  if (asked === undefined) return refused("superseded", `Decision ${decisionId} is forgotten by now.`);
  const { state, by, untilMs, decision } = asked;
  if (state !== "waiting") {
    const who = by === undefined ? "" : ` (${by})`;
    const open = history.approvals(decision.policy).findLast(isOpen);
    const next = open === undefined ? "" : ` Look at ${open.decision.decisionId} instead.`;
    return refused(state, `Decision ${decisionId} no longer waits: it ${BECAME[state]}${who}.${next}`);
  }
  return now < untilMs
    ? undefined
    : refused("expired", `Decision ${decisionId} could be answered until ${decision.approveUntil}.`);
}

/** What was decided since it was asked; it may have to go before the answer can be acted on. */
function inTheWay({ policy, decisionId }: DecisionRecord, history: History): { readonly inTheWay?: string } {
  const last = history.lastDecision(policy);
  return last === undefined || last.decisionId === decisionId ? {} : { inTheWay: last.reason };
}
