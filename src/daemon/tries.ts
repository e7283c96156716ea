import type {
  ActOutcome,
  Again,
  Failed,
  HeldReason,
  RollbackOrder,
  Strategy,
  Suspension,
} from "../rollback/act.ts";
import { unchanged } from "../rollback/attempts.ts";
import { repeat, type RepeatOptions, type Try } from "../retry/repeat.ts";
import { formatDuration } from "../text/format.ts";
import { createTally } from "./try-tally.ts";

/** What a check before a try says. */
export type Checked =
  | { readonly kind: "clear" }
  /** Nothing is sent, and time runs: a trigger that fired is unknown. */
  | { readonly kind: "wait"; readonly detail: string }
  | { readonly kind: "held"; readonly reason: HeldReason; readonly detail: string }
  /** What has to be checked cannot be seen. */
  | { readonly kind: "unseen"; readonly again: Again };

/** Could anything that holds a rollback hold this one now? */
export type Recheck = (
  order: RollbackOrder,
  /** `since`: when it was started, epoch ms. `isFirst`: all of it was checked for the decision a moment ago. */
  check: { readonly since: number; readonly isFirst: boolean },
) => Promise<Checked>;

export interface TryPorts {
  readonly strategy: Strategy;
  readonly recheck: Recheck;
  readonly onSuspended: (suspended: readonly Suspension[]) => Promise<void>;
  /** People have to hear that it does not get through. Called once. */
  readonly onTrouble: (trouble: { readonly failure: Failed; readonly until: number }) => Promise<void>;
  readonly now: () => number;
  readonly pause?: RepeatOptions["pause"];
}

/** How far a rollback got before these tries. */
export interface Begun {
  /** Epoch ms; the time-out counts from here, also after a restart. */
  readonly startedAt: number;
  /** The daemon was started since, and goes on with it. */
  readonly isResumed: boolean;
  /** People were told that it does not get through. */
  readonly isTold: boolean;
  /** A part of it was done. */
  readonly half?: Failed;
}

/** The end of all tries. */
export type End = Exclude<ActOutcome, Again> & { readonly gaveUp?: true };

const BACKOFF = { initialDelay: 250, maxDelay: 8_000 };
/** A proxy may ask for longer than users can be left exposed. */
const LONGEST_REQUESTED_WAIT_MS = 60_000;
/** From one look at a trigger that is unknown, or at pods that get ready, to the next. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Makes tries of one rollback until one gets through, something holds it, or `rollback.timeout` is over. All of them
 * are one decision: before each, everything that could have held the first one is checked again. Undefined when the
 * daemon is being stopped: the next start goes on.
 */
export async function tryUntilOver(
  order: RollbackOrder,
  { startedAt, isResumed, isTold, half }: Begun,
  ports: TryPorts,
  signal: AbortSignal,
): Promise<End | undefined> {
  const { now, pause, strategy } = ports;
  const deadlineAt = startedAt + order.policy.rollback.timeoutMs;
  const tally = createTally();
  let isFirst = !isResumed;
  let told = isTold;
  let last = half;
  let waiting = "";

  const tellTrouble = async (): Promise<void> => {
    if (told || last === undefined || !tally.isTrouble(now())) return;
    told = true;
    await ports.onTrouble({ failure: withMore(last, tally.summary()), until: deadlineAt });
  };
  const notYet = async (again: Again): Promise<Try<End>> => {
    last = afterTry(last, again);
    if (again.answer === undefined) return lookAgain;
    tally.add(again, now());
    await tellTrouble();
    return { kind: "again", notBeforeMs: Math.min(again.notBeforeMs ?? 0, LONGEST_REQUESTED_WAIT_MS) };
  };
  const once = async (): Promise<Try<End>> => {
    const checked = await ports.recheck(order, { since: startedAt, isFirst });
    isFirst = false;
    if (signal.aborted) return lookAgain;
    if (checked.kind === "held") return done(await endHeld(order, checked, last, strategy));
    if (checked.kind === "wait") {
      waiting = checked.detail;
      await tellTrouble();
      return lookAgain;
    }
    const outcome = checked.kind === "unseen" ? checked.again : await tryOnce(order, ports, signal);
    // A try that the stop of the daemon broke off says nothing.
    if (signal.aborted && outcome.kind !== "applied" && strategy.repeatable) return lookAgain;
    if (outcome.kind === "again") return notYet(outcome);
    return done(outcome.kind === "failed" ? endFailed(outcome, last) : outcome);
  };

  const repeated = await repeat(once, { backoff: BACKOFF, deadlineAt, now, signal, ...(pause && { pause }) });
  if (repeated.kind === "done") return repeated.result;
  if (repeated.kind === "stopped") return undefined;
  const tried = `Tried for ${formatDuration(now() - startedAt)} of ${formatDuration(order.policy.rollback.timeoutMs)}`;
  const summary = `${tried} (rollback.timeout). ${tally.summary()}`.trim();
  return endOver(order, last ?? unchanged("not-confirmed", waiting), summary, strategy);
}

const lookAgain = { kind: "wait", pauseMs: LOOK_AGAIN_MS } as const;

function done(result: End): Try<End> {
  return { kind: "done", result };
}

/** What has to be done to others comes first; twice is the same as once. */
async function tryOnce(
  order: RollbackOrder,
  { strategy, onSuspended }: TryPorts,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const prepared = await strategy.prepare?.(order, signal);
  if (prepared === undefined) return strategy.act(order, signal);
  const { suspended, ...outcome } = prepared;
  await onSuspended(suspended);
  return outcome.kind === "prepared" ? strategy.act(order, signal) : outcome;
}

/** A try that could not see the target does not tell what the one before it did. */
function afterTry(last: Failed | undefined, { failure, isUnread }: Again): Failed {
  if (isUnread !== true || last === undefined || last.changed === false) return failure;
  if (last.reason === "partly-applied") return last;
  const { changed: _, ...unknown } = failure;
  return unknown;
}

/**
 * What was done in part stays so, whatever keeps it from being finished. Where the last try may have changed the
 * target, the target is looked at: triggers may be healthy because the rollback took hold.
 */
async function endHeld(
  order: RollbackOrder,
  { reason, detail }: Extract<Checked, { kind: "held" }>,
  last: Failed | undefined,
  { inspect }: Pick<Strategy, "inspect">,
): Promise<End> {
  if (last?.reason === "partly-applied") return whyNot(last, detail);
  if (last === undefined || last.changed === false) return unchanged(reason, `${detail}.`);
  const shown = await inspect(order);
  if (shown === "applied") return FOUND_APPLIED;
  if (shown === "not-applied") return unchanged(reason, `${detail}.`);
  return { kind: "failed", reason, detail: `${detail}. ${last.detail}` };
}

const FOUND_APPLIED: End = {
  kind: "applied",
  detail: "The API server's answer was lost; the target shows that it was rolled back.",
};

function endFailed(outcome: Failed, last: Failed | undefined): End {
  if (last?.reason === "partly-applied" && outcome.reason !== "partly-applied")
    return whyNot(last, outcome.detail);
  const isFinal = outcome.changed === false && !SEEN_BY_DECISIONS.has(outcome.reason);
  return { ...outcome, ...(isFinal && { gaveUp: true }) };
}

/** The next decision finds these by itself, and finds when they are over. */
const SEEN_BY_DECISIONS: ReadonlySet<Failed["reason"]> = new Set(["superseded", "paused", "held-back"]);

function whyNot(half: Failed, detail: string): Failed {
  return { ...half, detail: `${half.detail} Why not: ${detail}` };
}

/** The time is over. Where the last try may have changed the target, that is looked at once more. */
async function endOver(
  order: RollbackOrder,
  last: Failed,
  summary: string,
  { inspect }: Pick<Strategy, "inspect">,
): Promise<End> {
  const failure = withMore(last, summary);
  if (last.changed === false || last.reason === "partly-applied") return { ...failure, gaveUp: true };
  const shown = await inspect(order);
  if (shown === "applied") return FOUND_APPLIED;
  return { ...failure, gaveUp: true, ...(shown === "not-applied" && { changed: false }) };
}

function withMore(failure: Failed, more: string): Failed {
  return { ...failure, detail: `${failure.detail.replace(/\.?$/u, ".")} ${more}` };
}
