import { isOver } from "../decisions/freeze.ts";
import type { LogRecord, OperatorRecord } from "../log/record.ts";
import type { History } from "./history.ts";
import type { Answer, Asker, Commands, Refusal } from "./commands.ts";
import { createManual, type ManualPorts } from "./manual-rollback.ts";
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
    freeze: (policy, request, by) => freeze(policy, request, by, ports),
    resume: (policy, request, by) => resume(policy, request, by, ports),
    approve: answer("approve"),
    reject: answer("reject"),
    release: createTellRelease(ports),
    vulnerabilities: takeVulnerabilities(ports),
    policyOfDecision: async (decisionId) =>
      ports.history.approval(decisionId)?.decision.policy ?? ports.policyInLog(decisionId),
  };
}

async function freeze(
  policy: string,
  { note, untilMs }: Parameters<Commands["freeze"]>[1],
  by: Asker,
  ports: CommandPorts,
): ReturnType<Commands["freeze"]> {
  if (!ports.history.isInForce(policy)) return unknownPolicy(policy);
  if (untilMs !== undefined && untilMs <= ports.now()) {
    return refused("until-past", "The end of the freeze has passed already. Name an instant to come.");
  }
  const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
  const record = await recordAndWeigh(
    { type: "operator.freeze", policy, by, ...noted(note), ...until },
    ports,
  );
  return record === undefined ? UNWRITABLE : { ok: true, ...until };
}

async function resume(
  policy: string,
  { note }: { readonly note?: string },
  by: Asker,
  ports: CommandPorts,
): Promise<Answer<object>> {
  if (!ports.history.isInForce(policy)) return unknownPolicy(policy);
  const frozen = ports.history.freeze(policy);
  if (frozen === undefined || isOver(frozen, ports.now())) {
    return refused("not-frozen", `${policy} is not frozen, so there is nothing to resume.`);
  }
  const record = await recordAndWeigh({ type: "operator.resume", policy, by, ...noted(note) }, ports);
  return record === undefined ? UNWRITABLE : { ok: true };
}

/** What a person said is acted on at once, not in the next slot. */
async function recordAndWeigh(
  body: Exclude<OperatorRecord, { type: "operator.rollback" }>,
  { record, running }: CommandPorts,
): Promise<LogRecord | undefined> {
  const written = await record(body);
  if (written !== undefined)
    running()
      .find(({ policy }) => policy.name === body.policy)
      ?.reconsider();
  return written;
}

interface Given {
  readonly kind: "approve" | "reject";
  readonly decisionId: string;
  readonly by: Asker;
  readonly note?: string;
}

async function answerNow(given: Given, ports: CommandPorts): Promise<Answer<{ readonly policy: string }>> {
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
  return ports.oneAtATime(target, async () => {
    const why = whyTooLate(decisionId, ports.history, ports.now());
    if (why !== undefined) return why;
    const about = { policy, by, decisionId, ...noted(note), ...(release !== undefined && { release }) };
    const record = await recordAndWeigh({ type: `operator.${kind}`, ...about }, ports);
    return record === undefined ? UNWRITABLE : { ok: true, policy };
  });
}

function whyTooLate(decisionId: string, history: History, now: number): Refusal | undefined {
  const asked = history.approval(decisionId);
  if (asked === undefined) return refused("superseded", `Decision ${decisionId} is forgotten by now.`);
  const { state, by, untilMs, decision } = asked;
  if (state !== "waiting") {
    const who = by === undefined ? "" : ` by ${by}`;
    return refused(state, `Decision ${decisionId} no longer waits: it is ${state}${who}.`);
  }
  if (now >= untilMs) {
    return refused("expired", `Decision ${decisionId} could be answered until ${decision.approveUntil}.`);
  }
  const last = history.lastDecision(decision.policy);
  return last?.decisionId === decisionId
    ? undefined
    : refused(
        "superseded",
        `Decision ${last?.decisionId ?? "none"} took the place of ${decisionId}; look at that one.`,
      );
}

function noted(note: string | undefined): { readonly note?: string } {
  return note === undefined ? {} : { note };
}
