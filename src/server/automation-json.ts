import type { History } from "../daemon/history.ts";
import { withMemory } from "../daemon/target-facts.ts";
import { commandByHand } from "../decisions/by-hand.ts";
import { mayAct } from "../decisions/may-act.ts";
import { undoCommand } from "../decisions/undo-command.ts";
import type { Release } from "../releases/release.ts";
import type { Lookup } from "../releases/watch.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import { instant } from "./instant.ts";

interface Source {
  readonly history: History;
  readonly now: () => number;
}

/** When automation may act again and by which rule, and the last rollback with the way to undo it. */
export function automationJson(policy: Policy, lookup: Lookup | undefined, { history, now }: Source): object {
  const target = targetKey(policy);
  const facts = lookup?.ok ? withMemory(lookup.snapshot, history) : undefined;
  const about = {
    at: now(),
    policy,
    release: facts?.release,
    rollbacks: facts?.rollbacks ?? history.rollbacks(target),
    lastAttemptAt: history.lastAttemptAt(target),
  };
  const { from, until, waits, asks } = mayAct(about, history.freezes(policy.name));
  return {
    automation: {
      from: instant(from),
      until: instant(until),
      asks,
      waits: waits.map(({ reason, detail, until: end }) => ({ reason, detail, until: instant(end) })),
    },
    lastRollback: lastJson(policy, facts?.release, history),
  };
}

function lastJson(policy: Policy, release: Release | undefined, history: History): object | undefined {
  const last = history.lastRollback(targetKey(policy));
  if (last === undefined) return undefined;
  const { started, startedAt, endedAt, summary, by, failure, applied } = last;
  const { decisionId, trigger, from, to } = started;
  const named = ({ revision, digest }: typeof from): object => ({ revision, digest });
  return {
    decisionId,
    trigger,
    by,
    summary,
    from: named(from),
    to: named(to),
    startedAt: instant(startedAt),
    endedAt: instant(endedAt),
    outcome: failure === undefined ? "verified" : "failed",
    failure,
    // Another release has taken the place of what was put back: there is nothing to undo.
    undo: applied && release?.cause === "rollback" ? undoOf(policy, from.revision, to.revision) : undefined,
  };
}

function undoOf({ target, name }: Policy, from: string, to: string): string | undefined {
  const switched = commandByHand(target, { name: from });
  return switched ?? (undoCommand(targetKey({ target, name }), to, from) || undefined);
}
