import { describe, expect, it, test } from "vitest";
import { type Freeze, type Freezes, frozenGate, frozenUntil, isOver } from "../../src/decisions/freeze.ts";
import { type FreezeEvent, foldFreezes } from "../../src/decisions/freeze-fold.ts";
import { rejectedBy } from "../../src/decisions/answer.ts";
import { HOUR, INTERVAL, MINUTE, TEN } from "../support/model.ts";

const freeze: Freeze = { by: "token:ada", at: TEN, untilMs: TEN + HOUR, note: undefined };
const open: Freeze = { by: "token:bob", at: TEN, untilMs: undefined, note: "migration" };
const of = (...held: readonly Freeze[]): Freezes => ({ held, expired: undefined });
const at = (ms: number) => ({ at: ms, intervalMs: INTERVAL });

describe("a freeze", () => {
  test("ends at its end, not before, and never where it has none", () => {
    expect(isOver(freeze, TEN + HOUR - 1)).toBe(false);
    expect(isOver(freeze, TEN + HOUR)).toBe(true);
    expect(isOver(open, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  test("says who, since when, until when and why", () => {
    expect(frozenGate(of(freeze), at(TEN))).toBe(
      "token:ada froze it at 2026-03-02 10:00:00Z until 2026-03-02 11:00:00Z",
    );
    expect(frozenGate(of(open), at(TEN))).toBe(
      "token:bob froze it at 2026-03-02 10:00:00Z until token:bob resumes it: migration",
    );
  });

  test("names every holder, the last end first, when several stand", () => {
    const short = { ...freeze, by: "token:ci", untilMs: TEN + MINUTE };
    expect(frozenGate(of(short, freeze, open), at(TEN))).toMatch(/^token:bob .*; token:ada .*; token:ci /u);
    expect(frozenGate(of(short, freeze), at(TEN + 2 * MINUTE))).not.toContain("token:ci");
  });

  test("holds for one whole slot after its end, on record or not", () => {
    const end = TEN + HOUR;
    for (const freezes of [of(freeze), { held: [], expired: { by: "token:ada", untilMs: end } }]) {
      expect(frozenGate(freezes, at(end + INTERVAL - 1))).toBe(
        "the freeze of token:ada ended at 2026-03-02 11:00:00Z, and automation waits for one whole slot until 2026-03-02 11:00:15Z",
      );
      expect(frozenGate(freezes, at(end + INTERVAL))).toBeUndefined();
    }
    // Of an end between two slots the rest of the slot is no whole one.
    expect(frozenUntil(of({ ...freeze, untilMs: end + 1 }), at(TEN))).toBe(end + 2 * INTERVAL);
  });

  test("that never was is no gate", () => {
    expect(frozenGate(of(), at(TEN))).toBeUndefined();
  });
});

describe("freezes of a policy", () => {
  const stamp = (ms: number) => new Date(ms).toISOString();
  const froze = (by: string, until?: number): FreezeEvent => ({
    type: "operator.freeze",
    at: stamp(TEN),
    by,
    ...(until !== undefined && { until: stamp(until) }),
  });
  const resumed = (holder?: string): FreezeEvent => ({
    type: "operator.resume",
    at: stamp(TEN),
    ...(holder !== undefined && { holder }),
  });
  const expired = (until: number, holder?: string): FreezeEvent => ({
    type: "freeze.expired",
    at: stamp(until),
    until: stamp(until),
    ...(holder !== undefined && { holder }),
  });
  const soon = TEN + 6_000;
  const late = TEN + 2 * HOUR;

  it.each<[string, readonly FreezeEvent[], readonly string[], string | undefined]>([
    ["stand side by side", [froze("a", late), froze("b", soon)], ["a", "b"], undefined],
    ["go one by one at their ends", [froze("a", late), froze("b", soon), expired(soon, "b")], ["a"], "b"],
    ["stay without an end while others end", [froze("a"), froze("b", soon), expired(soon, "b")], ["a"], "b"],
    [
      "are replaced by the same holder alone",
      [froze("a", late), froze("b"), froze("a", soon)],
      ["b", "a"],
      undefined,
    ],
    ["end one by one when they are resumed", [froze("a"), froze("b"), resumed("a")], ["b"], undefined],
    ["end at once by a record without a holder", [froze("a"), froze("b"), resumed()], [], undefined],
    ["expire by a record without a holder", [froze("a", soon), expired(soon)], [], "a"],
    [
      "outlast the end of another by a record without a holder",
      [froze("a"), froze("b", soon), expired(soon)],
      ["a"],
      "b",
    ],
    [
      "outlast an end that their holder moved",
      [froze("a", soon), froze("a", late), expired(soon, "a")],
      ["a"],
      "a",
    ],
  ])("%s", (_, events, holders, ended) => {
    const { held, expired: last } = events.reduce<Freezes | undefined>(foldFreezes, undefined) ?? of();
    expect([held.map(({ by }) => by), last?.by]).toEqual([holders, ended]);
  });
});

test("a rejection says who, when and why", () => {
  expect(rejectedBy("token:ada", TEN, undefined)).toEqual({
    kind: "declined",
    detail: "token:ada rejected it at 2026-03-02 10:00:00Z",
  });
  expect(rejectedBy("token:ada", TEN, "load test")).toMatchObject({
    detail: "token:ada rejected it at 2026-03-02 10:00:00Z: load test",
  });
});
