import { formatDuration, formatInstant } from "../text/format.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";

/** Where the target has got to. All instants are epoch ms. */
export type RolloutFact =
  | { readonly kind: "not-observed"; readonly detail: string }
  /** `blocked`: it will not go on before a person does something. */
  | { readonly kind: "running"; readonly stalled: boolean; readonly blocked?: true; readonly detail: string }
  /** Stays so: what happens to the pods later is for probes and triggers to see. */
  | { readonly kind: "complete"; readonly at: number; readonly detail: string }
  /** Neither what was rolled back from nor what was put back: somebody shipped something else. */
  | { readonly kind: "superseded"; readonly detail: string };

export interface ProbeFact {
  readonly wanted: number;
  /** Up to the newest result. */
  readonly consecutiveOk: number;
  /** When the newest success was known. */
  readonly lastOkAt: number | undefined;
  /** How old that may be: one interval and one time-out of the probe. */
  readonly freshMs: number;
  /** What the newest one said; undefined before the first. */
  readonly last: { readonly at: number; readonly detail: string } | undefined;
}

export type SmokeFact =
  | { readonly kind: "not-configured" | "not-run" | "running" }
  | { readonly kind: "passed" | "failed"; readonly at: number; readonly detail: string };

/** All that is known of a rollback at one instant after the act. */
export interface VerificationFacts {
  readonly at: number;
  readonly appliedAt: number;
  /** Bound on the rollout, from the act. */
  readonly timeoutMs: number;
  /** Bound on probes and recovery, from the end of the rollout (or from the act, where that is not observed). */
  readonly recoveryMs: number;
  /** Nothing is found too late before this: after a restart there must have been time for a look. */
  readonly notLateBefore: number;
  readonly rollout: RolloutFact;
  /** Undefined: not configured. */
  readonly probe: ProbeFact | undefined;
  readonly smoke: SmokeFact;
  /** Of a rollback that a person asked for: what has to recover; of the others it is enough that they do not fire after it. */
  readonly mustRecover?: readonly string[];
  /** The newest status of every trigger of the policy. */
  readonly triggers: readonly Pick<TriggerStatus, "trigger" | "state" | "at" | "reason" | "window">[];
  /** Triggers that say nothing of whether it helped, such as what is in images when it was done for errors. */
  readonly beside?: readonly string[];
}

export type VerificationStep = "rollout" | "probe" | "smoke" | "recovery";

export type VerificationFailure =
  | "superseded"
  | "rollout-timeout"
  | "rollout-stalled"
  | "rollout-blocked"
  | "probe-timeout"
  | "smoke-failed"
  | "recovery-timeout"
  | "recovery-unknown";

/** `steps`: one line each for what was looked at, with time and numbers. */
export type Verdict =
  | {
      readonly kind: "pending";
      readonly waitingFor: readonly VerificationStep[];
      readonly steps: readonly string[];
    }
  | { readonly kind: "verified"; readonly steps: readonly string[] }
  | {
      readonly kind: "failed";
      readonly reason: VerificationFailure;
      readonly detail: string;
      readonly steps: readonly string[];
    };

interface Check {
  readonly step: VerificationStep;
  readonly standing: "met" | "waiting" | VerificationFailure;
  readonly line: string;
}

/**
 * Did the rollback help? Verified once the rollout is complete, the newest probes passed in a row, the smoke test passed
 * and the newest known slot of every trigger, after the rollout, is healthy. A pending trigger has not recovered: its
 * newest slot breaches. The first of these that cannot be met any more is what it failed for.
 */
export function judge(facts: VerificationFacts): Verdict {
  const recovery = facts.triggers
    .map((trigger) => checkTrigger(facts, trigger))
    .toSorted((a, b) => urgency(a) - urgency(b));
  const checks = [checkRollout(facts), checkProbe(facts), checkSmoke(facts), ...recovery].filter(
    (check) => check !== undefined,
  );
  const steps = checks.map(({ line }) => line);
  for (const { standing, line } of checks) {
    if (standing !== "met" && standing !== "waiting") {
      return { kind: "failed", reason: standing, detail: line, steps };
    }
  }
  const waitingFor = new Set(checks.filter(({ standing }) => standing === "waiting").map(({ step }) => step));
  return waitingFor.size === 0
    ? { kind: "verified", steps }
    : { kind: "pending", waitingFor: [...waitingFor], steps };
}

/** A trigger that still fires says more than one that nobody can see. */
function urgency({ standing }: Check): number {
  return standing === "recovery-timeout" ? 0 : 1;
}

function checkRollout(facts: VerificationFacts): Check {
  const { rollout, appliedAt, timeoutMs } = facts;
  const step = "rollout";
  switch (rollout.kind) {
    case "not-observed":
      return { step, standing: "met", line: `rollout not observed: ${rollout.detail}` };
    case "complete":
      return {
        step,
        standing: "met",
        line: `rollout complete at ${formatInstant(rollout.at)}, ${formatDuration(rollout.at - appliedAt)} after the act: ${rollout.detail}`,
      };
    case "superseded":
      return { step, standing: "superseded", line: `something else was shipped: ${rollout.detail}` };
    case "running":
      if (rollout.blocked)
        return { step, standing: "rollout-blocked", line: `rollout blocked: ${rollout.detail}` };
      if (rollout.stalled)
        return { step, standing: "rollout-stalled", line: `rollout stuck: ${rollout.detail}` };
      return isLate(facts, appliedAt + timeoutMs)
        ? {
            step,
            standing: "rollout-timeout",
            line: `rollout not complete ${formatDuration(timeoutMs)} after the act: ${rollout.detail}`,
          }
        : { step, standing: "waiting", line: `rollout running: ${rollout.detail}` };
  }
}

function checkProbe(facts: VerificationFacts): Check | undefined {
  const { probe, at } = facts;
  if (probe === undefined) return undefined;
  const { consecutiveOk, wanted, lastOkAt = Number.NEGATIVE_INFINITY, freshMs } = probe;
  const last =
    probe.last === undefined ? "none yet" : `${probe.last.detail} at ${formatInstant(probe.last.at)}`;
  const isOld = consecutiveOk > 0 && at - lastOkAt > freshMs;
  const old = isOld ? `, the last success ${formatDuration(at - lastOkAt)} ago` : "";
  const line = `probe passed ${Math.min(consecutiveOk, wanted)} of ${wanted} in a row${old}: ${last}`;
  if (consecutiveOk >= wanted && !isOld) return { step: "probe", standing: "met", line };
  return isLate(facts, recoveryDeadline(facts))
    ? {
        step: "probe",
        standing: "probe-timeout",
        line: `${line}, not enough within ${formatDuration(facts.recoveryMs)}`,
      }
    : { step: "probe", standing: "waiting", line };
}

/** Bounded by the command's own timeout. */
function checkSmoke({ smoke }: VerificationFacts): Check | undefined {
  const step = "smoke";
  switch (smoke.kind) {
    case "not-configured":
      return undefined;
    case "not-run":
      return { step, standing: "waiting", line: "smoke test not run yet" };
    case "running":
      return { step, standing: "waiting", line: "smoke test running" };
    case "passed":
      return {
        step,
        standing: "met",
        line: `smoke test passed at ${formatInstant(smoke.at)}: ${smoke.detail}`,
      };
    case "failed":
      return {
        step,
        standing: "smoke-failed",
        line: `smoke test failed at ${formatInstant(smoke.at)}: ${smoke.detail}`,
      };
  }
}

function checkTrigger(facts: VerificationFacts, status: VerificationFacts["triggers"][number]): Check {
  const step = "recovery";
  const isFresh = status.at > (restoredAt(facts) ?? Number.POSITIVE_INFINITY);
  const said = `${status.state} at ${formatInstant(status.at)}: ${status.reason}`;
  if (isFresh && status.state === "inactive") {
    return { step, standing: "met", line: `${status.trigger} recovered, ${said}` };
  }
  if (facts.beside?.includes(status.trigger) === true) {
    return { step, standing: "met", line: `${status.trigger} is not what this was for, ${said}` };
  }
  const late = isLate(facts, recoveryDeadline(facts));
  // What is pending may be about to fire because of what was put back.
  const isQuiet = status.state === "unknown" || (status.state === "pending" && late);
  if (isFresh && facts.mustRecover?.includes(status.trigger) === false && isQuiet) {
    return { step, standing: "met", line: `${status.trigger} did not fire before and does not now, ${said}` };
  }
  if (!late) {
    return { step, standing: "waiting", line: `${status.trigger} has not recovered yet, ${said}` };
  }
  const within = formatDuration(facts.recoveryMs);
  if (status.state === "pending") {
    return {
      step,
      standing: "recovery-timeout",
      line: `${status.trigger} has not been healthy within ${within}, ${said}`,
    };
  }
  return status.state === "firing"
    ? {
        step,
        standing: "recovery-timeout",
        line: `${status.trigger} has not left firing within ${within}, ${said}`,
      }
    : {
        step,
        standing: "recovery-unknown",
        line: `whether ${status.trigger} recovered within ${within} is not known, ${said}`,
      };
}

/** From when on a measurement can be about what was put back; undefined while it is not all there. */
function restoredAt({ rollout, appliedAt }: VerificationFacts): number | undefined {
  switch (rollout.kind) {
    case "not-observed":
      return appliedAt;
    case "complete":
      return rollout.at;
    case "running":
    case "superseded":
      return undefined;
  }
}

/** However late the daemon itself came to see the rollout's end, its time is counted once. */
function recoveryDeadline(facts: VerificationFacts): number {
  const restored = restoredAt(facts);
  return restored === undefined
    ? Number.POSITIVE_INFINITY
    : Math.min(restored, facts.appliedAt + facts.timeoutMs) + facts.recoveryMs;
}

function isLate(facts: VerificationFacts, deadline: number): boolean {
  return facts.at >= Math.max(deadline, facts.notLateBefore);
}
