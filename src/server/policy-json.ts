import type { History } from "../daemon/history.ts";
import { isBlind } from "../daemon/sight.ts";
import type { RunningPolicy } from "../daemon/run-policy.ts";
import type { Watched } from "../daemon/measure.ts";
import { withMemory } from "../daemon/target-facts.ts";
import type { Lookup } from "../releases/watch.ts";
import type { Release, Revision } from "../releases/release.ts";
import { type Policy, targetKey, type Trigger } from "../rules/policy.ts";
import { automationJson } from "./automation-json.ts";
import { checkpointsJson } from "./checkpoint-json.ts";
import { instant } from "./instant.ts";
import { peopleJson } from "./people-json.ts";

export interface PolicySource {
  readonly history: History;
  readonly now: () => number;
}

/** All that is known of a policy now, from memory. */
export function policyJson({ policy, carried }: RunningPolicy, { history, now }: PolicySource): object {
  const { watched, sight, lookup, at } = carried();
  const target = targetKey(policy);
  const triggers = policy.triggers.flatMap((trigger) => {
    const seen = watched.get(trigger.name);
    return seen === undefined ? [] : [triggerJson(trigger, seen)];
  });
  const blindReason = [...watched.values()].at(0)?.track.status.reason ?? "";
  return {
    name: policy.name,
    mode: policy.mode,
    target,
    ...seenTarget(policy, lookup, history),
    evaluatedAt: instant(at),
    sight: isBlind(sight, now(), policy.blindAfterMs)
      ? { since: instant(sight.blindSince), reason: blindReason }
      : "sighted",
    triggers,
    ...peopleJson(policy.name, { history, now }),
    decision: decisionJson(policy.name, history),
    rollback: rollbackJson(target, history),
    ...automationJson(policy, lookup, { history, now }),
  };
}

/** What is asked of a trigger, as its author wrote it. */
export function thresholdText(trigger: Trigger): string {
  switch (trigger.kind) {
    case "metric":
      return `${trigger.threshold.op} ${trigger.threshold.text}`;
    case "health":
      return `${trigger.failures} failures`;
    case "rollout":
      return "stalled";
    case "vulnerability":
      return `severity ${trigger.atLeast} or worse`;
  }
}

function seenTarget(policy: Policy, lookup: Lookup | undefined, history: History): object {
  if (lookup === undefined) return {};
  if (!lookup.ok) return { unseen: lookup.detail };
  const { release } = withMemory(lookup.snapshot, history);
  const recorded = history.release(policy.name);
  const goodSince = recorded?.id === release.id ? recorded.goodSince : undefined;
  return {
    release: { ...releaseJson(release, policy.guard), goodSince },
    checkpoints: checkpointsJson(policy, release, history),
  };
}

function releaseJson(release: Release, guard: Policy["guard"]): object {
  const { id, revision, previous, startedAt, clockAt, cause, reversible } = release;
  return {
    id,
    ...revisionJson(revision),
    previous: previous && revisionJson(previous),
    startedAt: instant(startedAt),
    clockAt: instant(clockAt),
    guardedUntil: guard === "always" || clockAt === undefined ? undefined : instant(clockAt + guard),
    cause,
    reversible,
  };
}

function revisionJson({ name, digest, standing, images }: Revision): object {
  return { revision: name, digest, standing, images };
}

function triggerJson(trigger: Trigger, { track: { status } }: Watched): object {
  const { window, at, firesAt, state, value, reason } = status;
  return {
    trigger: trigger.name,
    kind: trigger.kind,
    mode: trigger.mode,
    state,
    at: instant(at),
    value,
    threshold: thresholdText(trigger),
    reason,
    window: {
      ...window,
      from: instant(window.from),
      to: instant(window.to),
      coverage: window.size === 0 ? 0 : window.known / window.size,
    },
    firesAt: instant(firesAt),
  };
}

function decisionJson(policy: string, history: History): object | undefined {
  const made = history.lastDecision(policy);
  if (made === undefined) return undefined;
  const { decisionId, decision, reason, trigger, summary } = made;
  return { decisionId, decision, reason, trigger, summary };
}

function rollbackJson(target: string, history: History): object | undefined {
  const open = history.open(target);
  if (open === undefined) return undefined;
  const { decisionId, from, to } = open.started;
  return { decisionId, from, to, startedAt: instant(open.startedAt), appliedAt: instant(open.appliedAt) };
}
