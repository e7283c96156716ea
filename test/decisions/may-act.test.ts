import { describe, expect, it } from "vitest";
import { type Freeze, NO_FREEZES } from "../../src/decisions/freeze.ts";
import { mayAct, type MayAct } from "../../src/decisions/may-act.ts";
import type { PastRollback } from "../../src/releases/release.ts";
import { HOUR, INTERVAL, metricTrigger, MINUTE, policy, release, TEN } from "../support/model.ts";

type About = Parameters<typeof mayAct>[0];

const at = TEN + 5 * MINUTE;
const rolledBack = (age: number): PastRollback => ({
  decisionId: "d",
  at: at - age,
  fromDigest: "a",
});
const freeze = (untilMs: number | undefined): Freeze => ({ by: "token:a", at, untilMs, note: undefined });

function may(changes: Partial<About> = {}, frozen?: Freeze): MayAct {
  return mayAct(
    { at, policy: policy(), release: release(), rollbacks: [], lastAttemptAt: undefined, ...changes },
    frozen === undefined ? NO_FREEZES : { held: [frozen], expired: undefined },
  );
}
const reasons = ({ waits }: MayAct): readonly string[] => waits.map(({ reason }) => reason);
const plenty = { rollbacks: 9, perMs: 24 * HOUR };

describe("when automation may act", () => {
  it("is now, until the guard period ends, when no rule is in the way", () => {
    expect(may()).toEqual({ from: at, until: TEN + HOUR, waits: [], asks: false });
  });

  it("is the end of the cooldown, and names it", () => {
    const found = may({ policy: policy({ budget: plenty }), rollbacks: [rolledBack(10 * MINUTE)] });
    expect([found.from, reasons(found)]).toEqual([at + 5 * MINUTE, ["cooldown"]]);
  });

  it("is the end of the cooldown of an attempt that changed nothing known", () => {
    expect(may({ lastAttemptAt: at - 14 * MINUTE }).from).toBe(at + MINUTE);
  });

  it("is when the oldest rollback that counts leaves the span of the budget", () => {
    const guard = 7 * 24 * HOUR;
    const budget = { rollbacks: 2, perMs: 24 * HOUR };
    const rollbacks = [
      rolledBack(20 * HOUR),
      rolledBack(22 * HOUR),
      rolledBack(23 * HOUR),
      rolledBack(25 * HOUR),
    ];
    const found = may({ policy: policy({ guard, budget }), rollbacks });
    expect([found.from, reasons(found)]).toEqual([at + 2 * HOUR, ["budget-exhausted"]]);
  });

  it("is never by time alone under a budget of no rollbacks", () => {
    const found = may({ policy: policy({ budget: { rollbacks: 0, perMs: HOUR } }) });
    expect([found.from, reasons(found)]).toEqual([undefined, ["budget-exhausted"]]);
  });

  it("is the latest end where several rules are in the way", () => {
    const found = may(
      { policy: policy({ budget: plenty }), rollbacks: [rolledBack(10 * MINUTE)] },
      freeze(at + 30 * MINUTE),
    );
    expect([found.from, reasons(found)]).toEqual([
      // One whole slot after the end of the freeze.
      at + 30 * MINUTE + INTERVAL,
      ["frozen", "cooldown"],
    ]);
  });

  it("is open while a freeze has no end", () => {
    const found = may({}, freeze(undefined));
    expect([found.from, reasons(found)]).toEqual([undefined, ["frozen"]]);
  });

  it("ignores a freeze whose end came one slot ago", () => {
    expect(may({}, freeze(at - INTERVAL)).waits).toEqual([]);
  });

  it("is not for this release where the guard period ends before the other rules do", () => {
    const found = may({ rollbacks: [rolledBack(MINUTE)] });
    expect([found.from, reasons(found)]).toEqual([
      undefined,
      ["cooldown", "budget-exhausted", "outside-guard-period"],
    ]);
  });

  it.each<[string, Partial<About>, string]>([
    ["once the guard period is over", { at: TEN + 2 * HOUR }, "outside-guard-period"],
    ["for what rollbackd put back", { release: release({ cause: "rollback" }) }, "no-known-good-revision"],
    ["while no release is known", { release: undefined }, "outside-guard-period"],
    [
      "in observe mode",
      { policy: policy({ triggers: [metricTrigger({ mode: "observe" })] }) },
      "observe-mode",
    ],
  ])("is not %s", (_, changes, reason) => {
    const found = may(changes);
    expect([found.from, reasons(found)]).toEqual([undefined, [reason]]);
  });

  it("is after a person's approval where no trigger acts without one", () => {
    const approve = metricTrigger({ mode: "approve" });
    expect(may({ policy: policy({ triggers: [approve] }) }).asks).toBe(true);
    expect(may({ policy: policy({ triggers: [approve, metricTrigger({ name: "b" })] }) }).asks).toBe(false);
  });

  it("has no end by guard for a vulnerability, which may act at any age", () => {
    const triggers = [
      {
        kind: "vulnerability",
        name: "cve",
        mode: "enforce",
        hash: "h",
        atLeast: "high",
        ignore: [],
      } as const,
    ];
    expect(may({ at: TEN + 5 * HOUR, policy: policy({ triggers }) })).toMatchObject({
      from: TEN + 5 * HOUR,
      until: undefined,
      waits: [],
    });
  });

  it("has no end by guard under guard: always", () => {
    expect(may({ at: TEN + 90 * HOUR, policy: policy({ guard: "always" }) }).from).toBe(TEN + 90 * HOUR);
  });
});
