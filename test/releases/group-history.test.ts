import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  type Combination,
  CORRECTED_MS,
  foldChanges,
  type MemberChange,
  TOGETHER_MS,
} from "../../src/releases/group-history.ts";
import { MINUTE, revision, SECOND, TEN } from "../support/model.ts";

/** `api` becomes `2` so many ms after ten, from the number below. */
function change(
  member: string,
  to: number,
  after: number,
  changes: Partial<MemberChange> = {},
): MemberChange {
  const at = TEN + after;
  const before = to === 1 ? undefined : revision(`${to - 1}`);
  return { member, at, to: revision(`${to}`), before, cause: "deploy", rolledOutAt: at, ...changes };
}

const LONG_AGO = -10 * 60 * MINUTE;
const started = [change("api", 1, LONG_AGO), change("worker", 1, LONG_AGO)];

function text(combination: Combination): string {
  const members = [...combination].map(([name, { name: number }]) => `${name}:${number}`);
  return members.toSorted().join(",");
}

/** The releases after the first, as `before → after`. */
function releases(...changes: readonly MemberChange[]): readonly string[] {
  return foldChanges([...started, ...changes])
    .slice(1)
    .map(({ before, after }) => `${text(before)} → ${text(after)}`);
}

describe("changes of members are one release", () => {
  const cases: readonly (readonly [string, readonly MemberChange[], readonly string[]])[] = [
    ["one member alone", [change("api", 2, 0)], ["api:1,worker:1 → api:2,worker:1"]],
    [
      "one after the other within five minutes, in any order",
      [change("worker", 2, TOGETHER_MS), change("api", 2, 0)],
      ["api:1,worker:1 → api:2,worker:2"],
    ],
    [
      "not when they are further apart: then the older combination is what ran before",
      [change("api", 2, 0), change("worker", 2, TOGETHER_MS + 1)],
      ["api:1,worker:1 → api:2,worker:1", "api:2,worker:1 → api:2,worker:2"],
    ],
    [
      "while the first still rolls out, however long that takes",
      [change("api", 2, 0, { rolledOutAt: Infinity }), change("worker", 2, 3 * TOGETHER_MS)],
      ["api:1,worker:1 → api:2,worker:2"],
    ],
    [
      "with a correction of the same member a moment later",
      [change("api", 2, 0), change("api", 3, CORRECTED_MS), change("worker", 2, 70 * SECOND)],
      ["api:1,worker:1 → api:3,worker:2"],
    ],
    [
      "trap 21: not with a fix of a member that is already part of it",
      [change("api", 2, 0), change("worker", 2, 20 * SECOND), change("api", 3, 3 * MINUTE)],
      ["api:1,worker:1 → api:2,worker:2", "api:2,worker:2 → api:3,worker:2"],
    ],
    [
      "not with what rollbackd changes",
      [change("api", 2, 0), change("worker", 2, MINUTE, { cause: "rollback" })],
      ["api:1,worker:1 → api:2,worker:1", "api:2,worker:1 → api:2,worker:2"],
    ],
  ];
  test.each(cases)("%s", (_, changes, expected) => {
    expect(releases(...changes)).toEqual(expected);
  });

  it("but what follows the first of a member never is, however soon it comes", () => {
    const [first, second] = foldChanges([
      change("api", 1, 0),
      change("worker", 1, SECOND),
      change("api", 2, 2 * SECOND),
    ]);
    expect(second).toMatchObject({ startedAt: TEN + 2 * SECOND, before: first?.after });
  });

  it("and a rollback of the same second comes after what it answers", () => {
    const deployed = change("api", 2, 0);
    const moved = change("worker", 2, 0, { cause: "rollback" });
    for (const changes of [
      [deployed, moved],
      [moved, deployed],
    ]) {
      expect(foldChanges(changes).map(({ cause }) => cause)).toEqual(["deploy", "rollback"]);
    }
  });

  it("and what a member ran before is forgotten where its history has a hole", () => {
    const late = change("worker", 4, 0, { before: undefined });
    expect(text(foldChanges([...started, late]).at(-1)?.before ?? new Map())).toBe("api:1");
  });

  it("and a member of whose past nothing is known is left out of what ran before it was seen", () => {
    const [first, second] = foldChanges([
      change("api", 2, 0),
      change("worker", 4, 2 * TOGETHER_MS, { before: undefined }),
    ]);
    expect([first, second].map((one) => text(one?.before ?? new Map()))).toEqual(["api:1", "api:2"]);
  });

  it.each([
    ["the first revision of another member", change("api", 1, 0), change("api", 2, 12 * SECOND)],
    ["an earlier release of another member", change("api", 2, 0), change("api", 3, 100 * SECOND)],
  ])(
    "a change that replaced something unknown belongs to the next release, not to %s just before",
    (_, first, next) => {
      const at = next.at - SECOND;
      const lost = change("worker", 5, at - TEN, { before: undefined });
      const begun = first.to.name === "1" ? [] : started;
      const all = foldChanges([...begun, first, lost, next]);
      expect(all.at(-1)).toMatchObject({ startedAt: at, changed: new Set(["worker", "api"]) });
      expect(text(all.at(-1)?.before ?? new Map())).toBe(`api:${first.to.name}`);
      expect(all.slice(0, -1).map(({ after }) => text(after))).not.toContain(`api:${first.to.name},worker:5`);
    },
  );

  it("trap 25: whatever the order and the pauses, a pipeline's half-way combinations are none of the group's", () => {
    const names = ["a", "b", "c", "d"];
    const pauses = fc.array(fc.integer({ min: 0, max: TOGETHER_MS }), { minLength: 4, maxLength: 4 });
    const order = fc.shuffledSubarray(names, { minLength: 1 });
    fc.assert(
      fc.property(order, pauses, (moved, gaps) => {
        let after = 0;
        const deployed = moved.map((name, index) => {
          after += gaps[index] ?? 0;
          return change(name, 2, after);
        });
        const all = foldChanges([...names.map((name) => change(name, 1, LONG_AGO)), ...deployed]);
        expect(all.map(({ after: runs }) => text(runs))).toEqual([
          "a:1,b:1,c:1,d:1",
          names.map((name) => `${name}:${moved.includes(name) ? 2 : 1}`).join(","),
        ]);
        expect(all.at(-1)).toMatchObject({ startedAt: deployed[0]?.at, changed: new Set(moved) });
      }),
    );
  });
});
