export interface RolloutEvidence {
  readonly startedAt: number;
  /** First Ready pod of the new template. */
  readonly firstReadyAt: number | undefined;
  /** When the cluster declared the rollout stuck (ProgressDeadlineExceeded). */
  readonly deadlineExceededAt: number | undefined;
  /** `progressDeadlineSeconds`; undefined where the target has none. */
  readonly progressDeadlineMs: number | undefined;
  readonly at: number;
}

/**
 * When the guard period of a release began, epoch ms, or undefined while it has not.
 * A Ready pod starts it; a rollout that never gets one must not hold it up for ever.
 */
export function clockAt(evidence: RolloutEvidence): number | undefined {
  const { startedAt, progressDeadlineMs } = evidence;
  const deadline = progressDeadlineMs === undefined ? undefined : startedAt + progressDeadlineMs;
  const instants = [evidence.firstReadyAt, evidence.deadlineExceededAt, deadline].filter(
    (instant) => instant !== undefined && instant <= evidence.at,
  );
  return instants.length === 0
    ? undefined
    : Math.max(startedAt, Math.min(...instants.filter((i) => i !== undefined)));
}
