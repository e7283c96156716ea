import { setTimeout as sleep } from "node:timers/promises";
import { type Heat, massBreach, nowCaught } from "../decisions/mass-breach.ts";
import type { History } from "./history.ts";

/** What the policies know of each other. */
export interface Fleet {
  /** Takes part in the count until it leaves; `was` is what is on record, and counts until it was measured. */
  readonly join: (policy: string, target: string, was: HeatOnRecord) => Member;
  /** A sentence when so many targets breach together that no release of `target` explains it. Ask after `othersMeasured`. */
  readonly massBreach: (target: string) => string | undefined;
}

/** How a policy was doing when the log was last written; caught: in a mass breach that was not over for it. */
export type HeatOnRecord = Exclude<Heat, "near"> | "caught";

export interface Member {
  /** A pass is measuring: the others wait for it a little before they decide. */
  readonly measuring: () => void;
  readonly measured: (heat: Heat) => void;
  /** The pass broke off: nobody waits for it, and what was known before stays. */
  readonly notMeasured: () => void;
  /** Resolves when nobody else is measuring or has yet to be measured for the first time, or after a bound. */
  readonly othersMeasured: () => Promise<void>;
  readonly leave: () => void;
}

interface Seat {
  readonly target: string;
  heat: Heat;
  pass: { readonly done: Promise<void>; readonly finish: () => void } | undefined;
}

interface Hall {
  readonly seats: Map<string, Seat>;
  /** Targets that are caught in a mass breach. */
  caught: ReadonlySet<string>;
  readonly patienceMs: number;
}

/** A mass breach that was on when the daemon stopped is not over because it starts. */
export function heatOnRecord(
  policy: string,
  history: Pick<History, "isFiring" | "lastDecision">,
): HeatOnRecord {
  if (history.lastDecision(policy)?.reason === "mass-breach") return "caught";
  return history.isFiring(policy) ? "firing" : "quiet";
}

/**
 * Policies are measured side by side; the first to see a breach must not act before the others had the time
 * to see theirs, in a pass and after a start. `patienceMs` bounds how long one that hangs can hold up the rest.
 */
export function createFleet(patienceMs: number): Fleet {
  const hall: Hall = { seats: new Map(), caught: new Set(), patienceMs };
  return {
    massBreach: (target) => {
      const all = [...hall.seats.values()];
      hall.caught = nowCaught(all, hall.caught);
      return massBreach(target, all, hall.caught);
    },
    join: (policy, target, was) => {
      const seat: Seat = { target, heat: was === "caught" ? "firing" : was, pass: beginPass() };
      hall.seats.set(policy, seat);
      if (was === "caught") hall.caught = new Set([...hall.caught, target]);
      return memberOf(policy, seat, hall);
    },
  };
}

function beginPass(): NonNullable<Seat["pass"]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { done: promise, finish: resolve };
}

function endPass(seat: Seat): void {
  seat.pass?.finish();
  seat.pass = undefined;
}

function memberOf(policy: string, seat: Seat, hall: Hall): Member {
  const { seats, patienceMs } = hall;
  return {
    measuring: () => {
      seat.pass ??= beginPass();
    },
    measured: (heat) => {
      seat.heat = heat;
      endPass(seat);
    },
    notMeasured: () => endPass(seat),
    othersMeasured: async () => {
      const underWay = [...seats.values()].flatMap((other) =>
        other === seat || !other.pass ? [] : [other.pass.done],
      );
      if (underWay.length === 0) return;
      const over = new AbortController();
      await Promise.race([
        Promise.all(underWay),
        sleep(patienceMs, undefined, { signal: over.signal }).catch(() => undefined),
      ]);
      over.abort();
    },
    leave: () => {
      endPass(seat);
      if (seats.get(policy) === seat) seats.delete(policy);
    },
  };
}
