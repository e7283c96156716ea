import { setTimeout as sleep } from "node:timers/promises";
import { massBreach } from "../decisions/mass-breach.ts";

/** What the policies know of each other. */
export interface Fleet {
  /** Takes part in the count from now on, until the returned function is called. */
  readonly join: (policy: string, target: string) => Member;
  /** A sentence when so many targets fire at once that no release explains it. */
  readonly massBreach: () => string | undefined;
}

export interface Member {
  /** A pass is measuring: the others wait for it a little before they decide. */
  readonly measuring: () => void;
  readonly measured: (isFiring: boolean) => void;
  /** Resolves when no other pass that began before is still measuring, or after a bound. */
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
 * to see theirs. `patienceMs` bounds how long one that hangs can hold up the rest.
 */
export function createFleet(patienceMs: number): Fleet {
  const seats = new Map<string, Seat>();
  const targets = (which: readonly Seat[]): readonly string[] => which.map(({ target }) => target);
  return {
    massBreach: () => {
      const all = [...seats.values()];
      return massBreach(targets(all.filter(({ firing }) => firing)), targets(all));
    },
    join: (policy, target) => {
      const seat: Seat = { target, firing: false, pass: undefined };
      seats.set(policy, seat);
      return memberOf(seat, seats, { policy, patienceMs });
    },
  };
}

function memberOf(
  seat: Seat,
  seats: Map<string, Seat>,
  { policy, patienceMs }: { readonly policy: string; readonly patienceMs: number },
): Member {
  return {
    measuring: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      seat.pass = { done: promise, finish: resolve };
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
