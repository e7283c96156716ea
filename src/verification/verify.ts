import type { TriggerStatus } from "../engine/trigger-status.ts";
import type { TargetWatch } from "../releases/watch.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import type { VerifySpec } from "../rules/policy.ts";
import { type CheckPorts, prepareChecks } from "./checks.ts";
import { judge, type RolloutFact, type VerificationFacts, type Verdict } from "./judge.ts";
import { rolloutFact } from "./rollout.ts";
import { onceEach, type Waiting, waitingOf } from "./waiting.ts";
import { createWaker } from "./waker.ts";

export interface VerifyPorts extends CheckPorts {
  readonly watch: Pick<TargetWatch, "current" | "onChange">;
  /** Called once for each new set of reasons that the cluster gives for pods that do not get ready. */
  readonly onWaiting?: (rollout: Waiting) => void;
  /** The newest status of each of the policy's triggers; those not evaluated yet are left out. */
  readonly triggers: () => readonly TriggerStatus[];
}

export type VerifyOutcome =
  | Extract<Verdict, { kind: "verified" }>
  /** `output`: what the smoke test printed, where that is why it failed. */
  | (Extract<Verdict, { kind: "failed" }> & { readonly output?: string })
  /** Nothing was found out: verify again from the same `appliedAt`. */
  | { readonly kind: "aborted" };

const LONGEST_TICK_MS = 1_000;
/** The first slot after a restart may still be one from before it; the second is beyond doubt a fresh look. */
const LOOKS_BEFORE_LATE = 2;

/**
 * Watches a rollback that was applied at `appliedAt` (from the log, so that a restart goes on with the same
 * deadlines) until it is verified or has failed. Bounded in time by the policy; never throws.
 */
export async function verifyRollback(
  order: RollbackOrder,
  appliedAt: number,
  ports: VerifyPorts,
  signal: AbortSignal,
): Promise<VerifyOutcome> {
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  const waker = createWaker();
  const checks = prepareChecks(order, ports, waker.wake, ending);
  const unlisten = ports.watch.onChange(waker.wake);
  const terms = termsOf(order, appliedAt, ports.now());
  const tickMs = Math.min(LONGEST_TICK_MS, order.policy.intervalMs);
  let rollout: RolloutFact | undefined;
  const tellWaiting = onceEach(ports.onWaiting ?? (() => undefined));
  try {
    while (!signal.aborted) {
      const at = ports.now();
      rollout = rolloutFact(order, ports.watch.current(), at, rollout);
      tellWaiting(waitingOf(order, ports.watch.current(), rollout));
      const { probe, smoke, smokeOutput } = checks.findings();
      const triggers = statusesOf(order, appliedAt, ports.triggers());
      const verdict = judge({ ...terms, at, rollout, probe, smoke, triggers });
      if (verdict.kind !== "pending") return withOutput(verdict, smokeOutput);
      checks.startWhatIsDue(verdict.waitingFor);
      await waker.wait(tickMs, ending);
    }
    return { kind: "aborted" };
  } finally {
    unlisten();
    over.abort();
    await checks.ended();
  }
}

function termsOf(
  { policy, manual, trigger }: RollbackOrder,
  appliedAt: number,
  startedAt: number,
): Pick<
  VerificationFacts,
  "beside" | "mustRecover" | "appliedAt" | "timeoutMs" | "recoveryMs" | "notLateBefore"
> {
  const { timeoutMs, verify } = policy.rollback;
  const looksMs = LOOKS_BEFORE_LATE * policy.intervalMs + policy.queryOffsetMs;
  const notLateBefore = startedAt + Math.max(looksMs, rowMs(verify.probe));
  const wanted = new Set([...(manual?.mustRecover ?? []), trigger]);
  // A service that works with a hole beats one that is down; the hole is told of by a decision of its own.
  const beside = policy.triggers
    .filter(({ kind, name }) => kind === "vulnerability" && !wanted.has(name))
    .map(({ name }) => name);
  return { appliedAt, timeoutMs, recoveryMs: verify.recoveryMs, notLateBefore, beside, ...manual };
}

/** How long a row of probes takes at most: the row of before a restart is not known. */
function rowMs(verify: VerifySpec["probe"]): number {
  return verify === undefined ? 0 : verify.successes * (verify.probe.intervalMs + verify.probe.timeoutMs);
}

/** One for every trigger: one that nobody has looked at is not one that does not fire. */
function statusesOf(
  { policy }: RollbackOrder,
  appliedAt: number,
  statuses: readonly TriggerStatus[],
): VerificationFacts["triggers"] {
  return policy.triggers.map(
    ({ name }) =>
      statuses.find(({ trigger }) => trigger === name) ?? {
        trigger: name,
        state: "unknown",
        at: appliedAt,
        reason: "not evaluated since the rollback",
        window: { from: appliedAt, to: appliedAt, size: 0, known: 0, breaching: 0, longestGapMs: 0 },
      },
  );
}

function withOutput(verdict: Exclude<Verdict, { kind: "pending" }>, smokeOutput: string): VerifyOutcome {
  return verdict.kind === "failed" && verdict.reason === "smoke-failed" && smokeOutput !== ""
    ? { ...verdict, output: smokeOutput }
    : verdict;
}
