import { describe, expect, test } from "vitest";
import { type Followed, nextDue } from "../../src/checkpoints/due.ts";
import type { Checkpoint } from "../../src/rules/policy.ts";
import { HOUR, MINUTE, release, TEN } from "../support/model.ts";

const at = (name: string, atMs: number): Checkpoint => ({ at: name, atMs, checks: [] });
const PLAN = [at("0s", 0), at("1h", HOUR), at("4h", 4 * HOUR)];
const RUNNING = release();

type Changes = Partial<Omit<Followed, "checkpoints">> & { readonly checkpoints?: readonly number[] };

function followed({ checkpoints = [], ...changes }: Changes = {}): Followed {
  const made = checkpoints.map((afterMs) => ({ afterMs }));
  const planned = new Map(PLAN.map(({ atMs }) => [atMs, TEN - HOUR]));
  return { id: RUNNING.id, followedFrom: TEN, planned, ...changes, checkpoints: made };
}

function dueAt(time: number, known: Followed | undefined, running = RUNNING): string | undefined {
  return nextDue(PLAN, running, known, time)?.checkpoint.at;
}

describe("the checkpoint that is due", () => {
  test.each([
    ["none before the clock of the release", TEN - 1, [], undefined],
    ["the first at its start", TEN, [], "0s"],
    ["none between two", TEN + HOUR - 1, [0], undefined],
    ["the next from its very instant on", TEN + HOUR, [0], "1h"],
    ["the earliest of those that were missed", TEN + 5 * HOUR, [0], "1h"],
    ["then the one after it", TEN + 5 * HOUR, [0, HOUR], "4h"],
    ["none that is on record", TEN + 99 * HOUR, [0, HOUR, 4 * HOUR], undefined],
  ])("is %s", (_, time, checkpoints, expected) => {
    expect(dueAt(time, followed({ checkpoints }))).toBe(expected);
  });

  test("counts from the clock of the release, and says which is the last", () => {
    const running = release({ clockAt: TEN + 7 * MINUTE });
    expect(dueAt(TEN + HOUR, followed({ checkpoints: [0] }), running)).toBeUndefined();
    expect(nextDue(PLAN, running, followed({ checkpoints: [0] }), TEN + 2 * HOUR)).toEqual({
      checkpoint: PLAN[1],
      dueAt: TEN + HOUR + 7 * MINUTE,
      last: false,
    });
    const rest = followed({ checkpoints: [0, HOUR] });
    expect(nextDue(PLAN, running, rest, TEN + 5 * HOUR)?.last).toBe(true);
  });

  test("is none whose time was before anybody followed the release", () => {
    const late = followed({ followedFrom: TEN + 2 * HOUR });
    expect(dueAt(TEN + 3 * HOUR, late)).toBeUndefined();
    expect(dueAt(TEN + 4 * HOUR, late)).toBe("4h");
  });

  test("is none that the rules had not asked for when its time came", () => {
    const planned = new Map([
      [0, TEN - HOUR],
      [HOUR, TEN + 2 * HOUR],
      [4 * HOUR, TEN + 4 * HOUR],
    ]);
    expect(dueAt(TEN + 3 * HOUR, followed({ checkpoints: [0], planned }))).toBeUndefined();
    expect(dueAt(TEN + 4 * HOUR, followed({ checkpoints: [0], planned }))).toBe("4h");
    expect(dueAt(TEN + 4 * HOUR, followed({ checkpoints: [0], planned: new Map() }))).toBeUndefined();
  });

  test("is none of a release that is not on record, has no clock yet, or is what a rollback put back", () => {
    const time = TEN + HOUR;
    expect(dueAt(time, undefined)).toBeUndefined();
    expect(dueAt(time, followed({ id: "another" }))).toBeUndefined();
    expect(dueAt(time, followed(), release({ clockAt: undefined }))).toBeUndefined();
    expect(dueAt(time, followed(), release({ cause: "rollback" }))).toBeUndefined();
  });
});
