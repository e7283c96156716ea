import { setTimeout as sleep } from "node:timers/promises";
import { type Checked, type End, tryUntilOver } from "../../src/daemon/tries.ts";
import type { ActOutcome, Again, RollbackOrder, Strategy } from "../../src/rollback/act.ts";

/** How the act ends if this is its last try. */
export type EndOfTry = Exclude<ActOutcome, Again>;

/** Tries that follow each other at once, before an outcome that can be tried again is taken for the end. */
const TRIES = 5;

/** The strategy, with each act ending after a few tries; what people have to change is tried once. */
export function fewTries<Given extends Strategy>(
  strategy: Given,
): Omit<Given, "act"> & { readonly act: (order: RollbackOrder, signal: AbortSignal) => Promise<EndOfTry> } {
  const act = async (order: RollbackOrder, signal: AbortSignal, left = TRIES): Promise<EndOfTry> => {
    const outcome = await strategy.act(order, signal);
    if (outcome.kind !== "again") return outcome;
    return left === 1 || outcome.isRefused === true || signal.aborted
      ? outcome.failure
      : act(order, signal, left - 1);
  };
  return { ...strategy, act };
}

/** All tries of an order, with short pauses. `recheck`: what holds it; default nothing. */
export async function allTries(
  strategy: Strategy,
  order: RollbackOrder,
  { recheck = async () => ({ kind: "clear" }), signal = new AbortController().signal }: AllTries = {},
): Promise<End> {
  const begun = { startedAt: Date.now(), isResumed: false, isTold: false };
  const ports = {
    strategy,
    recheck,
    onSuspended: async () => undefined,
    onTrouble: async () => undefined,
    now: Date.now,
    pause: (ms: number) => sleep(Math.min(ms, 50)),
  };
  const end = await tryUntilOver(order, begun, ports, signal);
  if (end === undefined) throw new Error("it was stopped");
  return end;
}

interface AllTries {
  readonly recheck?: () => Promise<Checked>;
  readonly signal?: AbortSignal;
}
