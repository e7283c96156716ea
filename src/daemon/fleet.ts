import { setTimeout as sleep } from "node:timers/promises";
import { massBreach } from "../decisions/mass-breach.ts";

/** What the policies know of each other. */
export interface Fleet {
  /** Takes part in the count until it leaves; `wasFiring` is what is on record, and counts until it was measured. */
  readonly join: (policy: string, target: string, wasFiring: boolean) => Member;
  /** A sentence when so many targets fire at once that no release explains it. */
  readonly massBreach: () => string | undefined;
}

export interface Member {
  /** A pass is measuring: the others wait for it a little before they decide. */
  readonly measuring: () => void;
  readonly measured: (isFiring: boolean) => void;
  /** Resolves when nobody else is measuring or has yet to be measured for the first time, or after a bound. */
  readonly othersMeasured: () => Promise<void>;
  readonly leave: () => void;
}

interface Seat {
  readonly target: string;
  firing: boolean;
  pass: { readonly done: Promise<void>; readonly finish: () => void } | undefined;
}

/**
 * Policies are measured side by side; the first to see a breach must not act before the others had the time
 * to see theirs, in a pass and after a start. `patienceMs` bounds how long one that hangs can hold up the rest.
 */
export function createFleet(patienceMs: number): Fleet {
  const seats = new Map<string, Seat>();
  const targets = (which: readonly Seat[]): readonly string[] => which.map(({ target }) => target);
  return {
    massBreach: () => {
      const all = [...seats.values()];
      return massBreach(targets(all.filter(({ firing }) => firing)), targets(all));
    },
    join: (policy, target, wasFiring) => {
      const seat: Seat = { target, firing: wasFiring, pass: beginPass() };
      seats.set(policy, seat);
      return memberOf(seat, seats, { policy, patienceMs });
    },
  };
}

function beginPass(): NonNullable<Seat["pass"]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { done: promise, finish: resolve };
}

function memberOf(
  seat: Seat,
  seats: Map<string, Seat>,
  { policy, patienceMs }: { readonly policy: string; readonly patienceMs: number },
): Member {
  return {
    measuring: () => {
      seat.pass ??= beginPass();
    },
    measured: (isFiring) => {
      seat.firing = isFiring;
      seat.pass?.finish();
      seat.pass = undefined;
    },
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
      seat.pass?.finish();
      if (seats.get(policy) === seat) seats.delete(policy);
    },
  };
}
