import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { LogRecord, RecordBody, RollbackRecord } from "../log/record.ts";
import { differing } from "../releases/group.ts";
import { recorded, type Revision } from "../releases/release.ts";
import { versionOf } from "../releases/version.ts";
import type { MarkStanding } from "../releases/watch.ts";
import type { Applied, RollbackOrder, Shown, Strategy } from "../rollback/act.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { VerifyOutcome } from "../verification/verify.ts";
import type { Waiting } from "../verification/waiting.ts";
import type { OpenRollback, Started } from "./rollback-fold.ts";
import type { RecordInLog } from "./ports.ts";
import { type Begun, type End, type Recheck, tryUntilOver, type TryPorts } from "./tries.ts";

/** What carrying out one rollback needs of the world. */
export interface RollbackPorts {
  readonly record: RecordInLog;
  readonly strategy: Strategy;
  readonly recheck: Recheck;
  /** Between two tries. Default: a timer. */
  readonly pause?: TryPorts["pause"];
  readonly verify: (
    order: RollbackOrder,
    appliedAt: number,
    signal: AbortSignal,
    onWaiting: (waiting: Waiting) => void,
  ) => Promise<VerifyOutcome>;
  readonly markStanding: MarkStanding;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => number;
}

/** What is done once must be on record, however long that takes. */
const RECORD_RETRY_MS = 1_000;
/** How often a target that cannot be seen is looked at again. */
const LOOK_AGAIN_MS = 1_000;

/**
 * The intent, durable before anything else happens; false when it could not be recorded, and then nothing may
 * be done either.
 */
export async function recordStart(
  order: RollbackOrder,
  trigger: string,
  ports: RollbackPorts,
): Promise<boolean> {
  const { policy, uid, from, to } = order;
  const record = await ports.record({
    type: "rollback.started",
    ...about(order),
    strategy: policy.rollback.strategy.kind,
    uid,
    trigger,
    ...(order.fired && { fired: order.fired }),
    ...(order.manual && { mustRecover: order.manual.mustRecover }),
    from: started(from),
    to: started(to),
  });
  return record !== undefined;
}

function started(revision: Revision): Started["from"] {
  const { members } = revision;
  return { ...recorded(revision), ...(members && { members }) };
}

/** The act and its verification, after `recordStart`. Ends early and without a verdict when `signal` is aborted. */
export async function carryOut(
  order: RollbackOrder,
  begun: Begun,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<void> {
  const { strategy, recheck, now, pause } = ports;
  const tries: TryPorts = {
    strategy,
    recheck,
    now,
    ...(pause && { pause }),
    onSuspended: async (suspended) => {
      for (const suspension of suspended) {
        await recordInsistently({ type: "gitops.suspended", ...about(order), ...suspension }, ports, signal);
      }
    },
    onTrouble: async ({ failure: { reason, detail }, until }) => {
      const times = { until: new Date(until).toISOString() };
      await ports.record({ type: "rollback.retrying", ...about(order), reason, detail, ...times });
    },
  };
  const end = await tryUntilOver(order, begun, tries, signal);
  if (end?.kind === "failed") {
    // A stop of the daemon is not a failure of the act: the next start looks at the target and goes on.
    if (!signal.aborted || !strategy.repeatable) await recordFailed(order, end, ports, signal);
    return;
  }
  if (end !== undefined) await goOnApplied(order, begun.startedAt, end, { ports, signal });
}

/** What was applied is put on record and verified. */
async function goOnApplied(
  order: RollbackOrder,
  startedAt: number,
  outcome: Applied,
  { ports, signal }: { readonly ports: RollbackPorts; readonly signal: AbortSignal },
): Promise<void> {
  const applied = await recordApplied(order, outcome, ports, signal);
  if (applied === undefined) return;
  const { runs } = outcome;
  const restored = { ...order, to: { ...order.to, ...runs } };
  await verify(restored, { startedAt, appliedAt: Date.parse(applied.at) }, ports, signal);
}

/**
 * Goes on where the daemon stopped. What the target shows decides whether the act happened; one that may
 * have happened is never begun again, unless doing it twice is the same as doing it once.
 */
export async function resume(
  order: RollbackOrder,
  open: OpenRollback,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<void> {
  const { startedAt, appliedAt } = open;
  if (appliedAt !== undefined) {
    await verify(order, { startedAt, appliedAt }, ports, signal);
    return;
  }
  const shown = await lookAtTarget(order, open, ports, signal);
  if (shown === undefined) return;
  if (shown === "applied") {
    const settled = await ports.strategy.settle?.(order, signal);
    const found = "found applied after a restart of the daemon";
    const detail = settled === undefined ? found : `${found}: ${settled.detail}`;
    await goOnApplied(order, startedAt, { ...settled, kind: "applied", detail }, { ports, signal });
    return;
  }
  const half = typeof shown === "object" ? shown : undefined;
  // What was done in part is finished like what was not done at all: each step looks for itself first.
  if ((shown === "not-applied" || half) && mayBeginAgain(order, open, ports)) {
    const begun = { startedAt, isResumed: true, isTold: open.isRetrying, ...(half && { half }) };
    await carryOut(order, begun, ports, signal);
    return;
  }
  await recordFailed(order, typeof shown === "object" ? shown : interrupted(shown, ports), ports, signal);
}

/**
 * What stopped the daemon may have stopped the API server, too: as long as the act could still be begun, a target
 * that cannot be seen is worth another look. Undefined when `signal` ended the looking.
 */
async function lookAtTarget(
  order: RollbackOrder,
  open: OpenRollback,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  for (;;) {
    const shown = await ports.strategy.inspect(order);
    if (shown !== "not-observable" || !mayBeginAgain(order, open, ports)) return shown;
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
  }
}

/**
 * An intent is carried out after a crash only while it is about the present, and only if the rules of today
 * would still have it so: by the same strategy, and not by a policy that only observes by now.
 */
function mayBeginAgain({ policy }: RollbackOrder, open: OpenRollback, ports: RollbackPorts): boolean {
  const { mode, rollback } = policy;
  return (
    ports.strategy.repeatable &&
    open.started.strategy === rollback.strategy.kind &&
    (mode !== "observe" || open.started.mustRecover !== undefined) &&
    ports.now() - open.startedAt < rollback.timeoutMs
  );
}

function interrupted(
  shown: Extract<Shown, string>,
  { strategy }: Pick<RollbackPorts, "strategy">,
): End & { readonly kind: "failed" } {
  if (shown === "moved") {
    const detail = "the daemon was stopped before the act, and the target runs something else by now";
    return { kind: "failed", reason: "superseded", detail };
  }
  const seen =
    shown === "not-applied"
      ? "the target still runs what was to be rolled back"
      : "what the target runs cannot be seen";
  return {
    kind: "failed",
    reason: "interrupted",
    detail: `the daemon was stopped during the act; ${seen}; it is not tried again, look at the target and roll back by hand if it is needed`,
    // A script may have changed what the target does not show.
    ...(shown === "not-applied" && strategy.repeatable && { changed: false, gaveUp: true }),
  };
}

/** The end on record of a rollback that an error broke off which nobody foresaw; whether it acted is not known. */
export async function recordBroken(
  order: RollbackOrder,
  error: unknown,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<void> {
  const detail = `an error in rollbackd broke the rollback off (${String(error)}); it may have been done in part: look at the target, and report the error`;
  await recordFailed(order, { kind: "failed", reason: "interrupted", detail }, ports, signal);
}

async function recordApplied(
  order: RollbackOrder,
  { detail, output, runs }: Applied,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<LogRecord | undefined> {
  const record = await recordInsistently(
    {
      type: "rollback.applied",
      ...about(order),
      detail,
      ...(output !== undefined && { output }),
      ...(runs && { runs }),
    },
    ports,
    signal,
  );
  const { target, from, to, decisionId } = order;
  await ports
    .markStanding(target, from.digest, { kind: "quarantined", decisionId }, differing(from, to))
    .catch((error: unknown) => {
      ports.logger.warn(
        { err: error, decisionId, target },
        "the quarantine mark could not be written; the log and the target's own annotation hold it",
      );
    });
  return record;
}

async function recordFailed(
  order: RollbackOrder,
  { reason, detail, output, changed, gaveUp, peer }: End & { readonly kind: "failed" },
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<void> {
  ports.metrics.rollbacks.inc({ outcome: reason });
  const body: RollbackRecord = {
    type: "rollback.failed",
    ...about(order),
    reason,
    detail,
    ...(output !== undefined && { output }),
    ...(changed === false && { changed }),
    ...(gaveUp && { gaveUp }),
    ...(peer !== undefined && { peer }),
  };
  await recordInsistently(body, ports, signal);
}

async function verify(
  order: RollbackOrder,
  { startedAt, appliedAt }: { readonly startedAt: number; readonly appliedAt: number },
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<void> {
  const outcome = await ports.verify(order, appliedAt, signal, ({ detail, reasons }) => {
    // Told in vain it is told with the end: verification goes on whether or not the log can take it.
    void ports.record({ type: "rollback.waiting", ...about(order), detail, reasons });
  });
  if (outcome.kind === "aborted") return;
  ports.metrics.rollbackDuration.observe((ports.now() - startedAt) / 1_000);
  ports.metrics.rollbacks.inc({ outcome: outcome.kind === "verified" ? "verified" : outcome.reason });
  const { steps } = outcome;
  const body: RollbackRecord =
    outcome.kind === "verified"
      ? { type: "rollback.verified", ...about(order), detail: verifiedDetail(order), steps }
      : {
          type: "rollback.failed",
          ...about(order),
          reason: outcome.reason,
          detail: outcome.detail,
          steps,
          ...(outcome.output !== undefined && { output: outcome.output }),
        };
  await recordInsistently(body, ports, signal);
}

function verifiedDetail({ from, to }: RollbackOrder): string {
  return `${versionOf(recorded(to), recorded(from))} runs again instead of ${versionOf(recorded(from), recorded(to))}, and every check passed`;
}

async function recordInsistently(
  body: RecordBody,
  ports: RollbackPorts,
  signal: AbortSignal,
): Promise<LogRecord | undefined> {
  for (;;) {
    const record = await ports.record(body);
    if (record !== undefined || signal.aborted) return record;
    await sleep(RECORD_RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function about({ policy, target, release, decisionId }: RollbackOrder) {
  return { policy: policy.name, target, release, decisionId };
}
