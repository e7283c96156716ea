import { describe, expect, test } from "vitest";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import type { ScriptHistory, ScriptRollback } from "../../src/releases/script-release.ts";
import { toldTarget, withTold } from "../../src/releases/script-told.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import { clock, policy, TEN } from "../support/model.ts";

const TARGET = "script/vcci-api";
const told = (version: string, time: string): LoggedRelease => ({
  id: `${TARGET}@${version}`,
  version,
  startedAt: clock(time),
  isTold: true,
});
const back = (from: string, to: string, time: string): ScriptRollback => ({
  decisionId: "d-1",
  at: clock(time),
  fromDigest: from,
  toDigest: to,
});

function history(releases: readonly LoggedRelease[], ...acted: readonly ScriptRollback[]): ScriptHistory {
  return { releases: () => releases, rollbacks: () => acted, acted: () => acted };
}

function watching(known: ScriptHistory, guard: "always" | number = 3_600_000) {
  const target = { kind: "script", namespace: undefined, releaseExpr: undefined } as const;
  return toldTarget(policy({ target, guard }), { history: known, now: () => TEN });
}

function shown(lookup: Lookup): string {
  if (!lookup.ok) return lookup.reason;
  const { release, earlier } = lookup.snapshot;
  return `${release.id} (${release.cause}) after ${earlier.map(({ name }) => name).join(", ") || "nothing"}`;
}

describe("a version that somebody told of", () => {
  test("runs from then on, after those that were told before", () => {
    const { current } = watching(history([told("v1", "09:00:00"), told("v2", "10:00:00")]));
    expect(shown(current())).toBe(`${TARGET}@v2 (deploy) after v1`);
    expect(current()).toMatchObject({
      snapshot: { release: { startedAt: TEN, clockAt: TEN, isTold: true } },
    });
  });

  test("is what the last look before an act sees, too", async () => {
    const { reread } = watching(history([told("v1", "09:00:00")]));
    expect(shown(await reread())).toBe(`${TARGET}@v1 (deploy) after nothing`);
  });

  test("gives way to the one that a rollback put back", () => {
    const known = history([told("v1", "09:00:00"), told("v2", "10:00:00")], back("v2", "v1", "10:06:00"));
    expect(shown(watching(known).current())).toBe(
      `${TARGET}@v1+2026-03-02T10:06:00.000Z (rollback) after v2, v1`.replace(", v1", ""),
    );
  });

  test("is not that of a rollback from before it", () => {
    const known = history(
      [told("v1", "09:00:00"), told("v2", "10:00:00"), told("v3", "11:00:00")],
      back("v2", "v1", "10:06:00"),
    );
    expect(shown(watching(known).current())).toBe(`${TARGET}@v3 (deploy) after v2, v1`);
  });

  test("does not move because a rollback has only begun", () => {
    const begun = [back("v2", "v1", "10:06:00")];
    const known = { ...history([told("v1", "09:00:00"), told("v2", "10:00:00")]), rollbacks: () => begun };
    expect(shown(watching(known).current())).toBe(`${TARGET}@v2 (deploy) after v1`);
  });
});

describe("telling of a version", () => {
  test("the first one has nothing to go back to but what was observed before", () => {
    expect(shown(withTold(TARGET, "v1", TEN, history([])))).toBe(`${TARGET}@v1 (deploy) after nothing`);
    const seen = { id: `${TARGET}@v0`, version: "v0", startedAt: clock("08:00:00") };
    expect(shown(withTold(TARGET, "v1", TEN, history([seen])))).toBe(`${TARGET}@v1 (deploy) after v0`);
  });

  test("after guard: always, what ran before is what only the script knows", () => {
    const always = { id: `${TARGET}@always`, version: `${TARGET}@always`, startedAt: clock("08:00:00") };
    expect(shown(withTold(TARGET, "v1", TEN, history([always])))).toBe(
      `${TARGET}@v1 (deploy) after previous`,
    );
  });

  test("that runs already is no new release", () => {
    const known = history([told("v1", "09:00:00"), told("v2", "09:30:00")]);
    expect(withTold(TARGET, "v2", TEN, known)).toMatchObject({
      snapshot: { release: { id: `${TARGET}@v2`, startedAt: clock("09:30:00") } },
    });
  });

  test("that ran before is another release, with its start in its name", () => {
    const known = history([told("v1", "08:00:00"), told("v2", "09:00:00")]);
    expect(shown(withTold(TARGET, "v1", TEN, known))).toBe(
      `${TARGET}@v1+2026-03-02T10:00:00.000Z (deploy) after v2`,
    );
  });
});

test("what was observed while the rules named a query is not taken for told", () => {
  const seen = { id: `${TARGET}@v1`, version: "v1", startedAt: clock("09:00:00") };
  expect(shown(watching(history([seen])).current())).toBe("unknown-version");
  expect(shown(watching(history([seen]), "always").current())).toBe(
    `${TARGET}@always (deploy) after previous`,
  );
});
