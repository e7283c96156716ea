import { setTimeout as sleep } from "node:timers/promises";
import { slotAt } from "../engine/slots.ts";
import type { LookForNeeded, LookInto } from "../releases/release-context.ts";
import type { TargetWatch } from "../releases/watch.ts";
import type { AskOwners } from "../rollback/gitops/restoring.ts";
import type { Precheck } from "../rollback/precheck.ts";
import type { Policy } from "../rules/policy.ts";
import type { KnownReports } from "../signals/image-report.ts";
import type { ServerClock } from "../signals/server-clock.ts";
import { createWaker, type Waker } from "../verification/waker.ts";
import { forgetMetrics } from "./forget-metrics.ts";
import { type Carried, NOTHING_CARRIED, runPass, weighAgain } from "./pass.ts";
import type { PassPorts } from "./ports.ts";
import type { Begin } from "./rollbacks.ts";
import { watchSharing } from "./sharing.ts";
import { watchTargetSight } from "./target-sight.ts";

/** One policy under evaluation. */
export interface RunningPolicy {
  readonly policy: Policy;
  /** What the last pass found. */
  readonly carried: () => Carried;
  readonly watch: TargetWatch;
  /** What is known of images. */
  readonly reports: () => KnownReports;
  readonly begin: Begin;
  /** A person said something that bears on the decision: it is weighed again at once, not in the next slot. */
  readonly reconsider: () => void;
  /** Absent where the policy has none. */
  readonly precheck?: Precheck;
  /** Absent where the target does not show what its releases are made of. */
  readonly lookInto?: LookInto;
  /** Absent where the policy acts whatever owners do. */
  readonly askOwners?: AskOwners;
  readonly lookForNeeded?: LookForNeeded;
  /** False once it is on its way out. */
  readonly mayDecide: () => boolean;
  /** For how long no pass has ended as it should although one was begun, in ms; 0 between passes. */
  readonly overdueMs: () => number;
  /** Begins nothing any more, and ends by itself once a rollback that is under way has ended. */
  readonly retire: () => Promise<void>;
  /** Ends now; what is under way is gone on with after the next start. */
  readonly stop: () => Promise<void>;
}

/** The passes over one policy. */
export interface PolicyPasses {
  readonly carried: () => Carried;
  readonly reconsider: () => void;
  readonly mayDecide: () => boolean;
  readonly overdueMs: () => number;
  /** Passes go on, but no decision is made any more once this has resolved. */
  readonly decideNoMore: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How far it has got with its own end is for the run itself to say. */
export interface RunPolicyPorts extends Omit<PassPorts, "mayDecide" | "isStopping"> {
  /** Where the slots come from: Prometheus is asked about its own time. */
  readonly slotClock: Pick<ServerClock, "now" | "isKnown">;
}

type LoopPorts = RunPolicyPorts & PassPorts;

/** How long the first pass waits for the first look at the target. */
const FIRST_LOOK_MS = 10_000;
/** How long a pass waits for Prometheus to tell its time for the first time; without it slots are local ones. */
const FIRST_TIME_MS = 3_000;
/** Timers may fire a fraction early. */
const SHORTEST_WAIT_MS = 5;

/** A pass at every slot, never two at a time, until it is stopped. Slots that a slow pass ran over are counted. */
export function runPolicy(policy: Policy, ports: RunPolicyPorts): PolicyPasses {
  const stopping = new AbortController();
  let carried = NOTHING_CARRIED;
  let began: number | undefined;
  let pass: Promise<unknown> = Promise.resolve();
  const deciding = new AbortController();
  const mayDecide = (): boolean => !deciding.signal.aborted;
  const isStopping = (): boolean => stopping.signal.aborted;
  const waker = createWaker();
  let isAsked = false;
  const running = loop(policy, { ...ports, mayDecide, isStopping }, stopping.signal, {
    wait: waker.wait,
    takeAsked: () => {
      const was = isAsked;
      isAsked = false;
      return was;
    },
    get: () => carried,
    set: async (next) => {
      pass = next;
      began ??= performance.now();
      const found = await next;
      if (found === undefined) return;
      carried = found;
      began = undefined;
    },
  });
  return {
    carried: () => carried,
    reconsider: () => {
      isAsked = true;
      waker.wake();
    },
    mayDecide,
    overdueMs: () => (began === undefined ? 0 : performance.now() - began),
    decideNoMore: async () => {
      deciding.abort();
      await pass;
    },
    stop: async () => {
      deciding.abort();
      stopping.abort();
      ports.member.leave();
      await running;
      forgetMetrics(policy, ports.metrics);
    },
  };
}

interface Cell {
  readonly wait: Waker["wait"];
  /** Whether somebody wants it weighed again since this was last asked. */
  readonly takeAsked: () => boolean;
  readonly get: () => Carried;
  /** A pass that broke brings nothing. */
  readonly set: (next: Promise<Carried | undefined>) => Promise<void>;
}

async function loop(policy: Policy, ports: LoopPorts, signal: AbortSignal, carried: Cell): Promise<void> {
  const { intervalMs, queryOffsetMs } = policy;
  const lag = (): number => ports.slotClock.now() - queryOffsetMs;
  await firstLook(ports.watch, signal);
  const targetSight = watchTargetSight(policy, ports);
  const tellSharing = watchSharing(policy, ports);
  let isServerTime = !policy.triggers.some(({ kind }) => kind === "metric");
  let last: number | undefined;
  while (!signal.aborted) {
    isServerTime ||= await isKnownSoon(ports.slotClock, signal);
    const slot = slotAt(lag(), intervalMs);
    if (last === undefined || slot > last || isSetBack(last, slot, intervalMs)) {
      if (last !== undefined) countMissed(policy, (slot - last) / intervalMs - 1, ports);
      last = slot;
      targetSight(ports.watch.current(), ports.now());
      tellSharing();
      await carried.set(timedPass(policy, carried.get(), { at: ports.now(), slot }, ports));
    }
    if (carried.takeAsked()) await carried.set(reconsidered(policy, carried.get(), ports));
    await carried.wait(Math.max(SHORTEST_WAIT_MS, slotAt(lag(), intervalMs) + intervalMs - lag()), signal);
  }
}

/**
 * Clocks that come to agree go back by a moment, which is waited for: no slot is judged twice. One that was ahead by
 * hours and is set right is not waited for: nothing would be seen meanwhile. The slots it told of are forgotten.
 */
function isSetBack(last: number, slot: number, intervalMs: number): boolean {
  return last - slot > intervalMs;
}

async function isKnownSoon(slotClock: RunPolicyPorts["slotClock"], signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController();
  const late = pause(FIRST_TIME_MS, AbortSignal.any([signal, waiting.signal])).then(() => false);
  const isKnown = await Promise.race([slotClock.isKnown(), late]);
  waiting.abort();
  return isKnown;
}

async function timedPass(
  policy: Policy,
  before: Carried,
  instant: { readonly at: number; readonly slot: number },
  ports: PassPorts,
): Promise<Carried | undefined> {
  const endTimer = ports.metrics.evaluationDuration.startTimer();
  try {
    return await runPass(policy, before, instant, ports);
  } catch (error) {
    // One pass that broke must not end the watch; the next one starts from what was known before.
    ports.logger.error(
      { err: error, policy: policy.name },
      "a pass failed and is left out; the next slot is evaluated as usual",
    );
    ports.member.notMeasured();
    return undefined;
  } finally {
    endTimer();
  }
}

async function reconsidered(policy: Policy, before: Carried, ports: PassPorts): Promise<Carried> {
  try {
    await weighAgain(policy, before, ports.now(), ports);
  } catch (error) {
    ports.logger.error(
      { err: error, policy: policy.name },
      "what a person said could not be weighed at once; the next slot does",
    );
  }
  return before;
}

function countMissed(policy: Policy, missed: number, { metrics }: PassPorts): void {
  // None, too: what appears with its first one has not risen for those who watch it.
  metrics.evaluationsMissed.inc({ policy: policy.name }, Math.max(0, missed));
}

/** Without it the first pass would say that the target is not known, and page for nothing. */
async function firstLook(watch: TargetWatch, signal: AbortSignal): Promise<void> {
  if (isLookedAt(watch)) return;
  const seen = Promise.withResolvers<void>();
  const unlisten = watch.onChange(() => {
    if (isLookedAt(watch)) seen.resolve();
  });
  await Promise.race([seen.promise, pause(FIRST_LOOK_MS, signal)]);
  unlisten();
}

/** That the target is not there, or may not be seen, is an answer too: waiting longer would only hide it. */
function isLookedAt(watch: TargetWatch): boolean {
  const lookup = watch.current();
  return lookup.ok || lookup.reason === "not-found" || lookup.reason === "forbidden";
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
