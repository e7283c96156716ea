import { describe, expect, test } from "vitest";
import { describeTarget, type ScriptHistory } from "../../src/releases/script-release.ts";
import type { VersionTrail } from "../../src/releases/script-snapshot.ts";
import { clock, HOUR, TEN } from "../support/model.ts";

const TARGET = "script/api";
const run = (version: string, time: string) => ({ version, startedAt: clock(time) });
const logged = (id: string, version: string, time: string) => ({ id, ...run(version, time) });
const rollback = (to: string, time: string, from = "v2") => ({
  decisionId: "d-1",
  at: clock(time),
  fromDigest: from,
  toDigest: to,
});

function snapshot(trail: Partial<VersionTrail>, history: Partial<ScriptHistory> = {}) {
  const current = run("v2", "10:00:00");
  const lookup = describeTarget(
    TARGET,
    { current, earlier: [], present: ["v2"], ...trail },
    { releases: () => [], rollbacks: () => [], acted: () => [], ...history },
  );
  if (!lookup.ok) throw new Error(lookup.detail);
  return lookup.snapshot;
}

describe("a release of a script target", () => {
  test("is named after target and version, and its clock starts with it", () => {
    const { release, uid, earlier } = snapshot({ earlier: [run("v1", "09:00:00")] });
    expect(release).toMatchObject({
      id: "script/api@v2",
      startedAt: TEN,
      clockAt: TEN,
      revision: { name: "v2", digest: "v2" },
      previous: { name: "v1" },
      cause: "deploy",
      reversible: true,
    });
    expect([uid, earlier.map(({ name }) => name)]).toEqual([TARGET, ["v1"]]);
  });

  test("of a version that ran before has its start in its name", () => {
    const earlier = [run("v1", "09:00:00"), run("v2", "08:00:00")];
    expect(snapshot({ earlier }).release.id).toBe("script/api@v2+2026-03-02T10:00:00.000Z");
    const releases = () => [
      logged("script/api@v2", "v2", "07:00:00"),
      logged("script/api@v1", "v1", "08:00:00"),
    ];
    expect(snapshot({}, { releases }).release.id).toBe("script/api@v2+2026-03-02T10:00:00.000Z");
  });

  test("keeps its name and start over a restart that no longer sees how it began", () => {
    const releases = () => [
      logged("script/api@v1", "v1", "06:00:00"),
      logged("script/api@v2+x", "v2", "07:00:00"),
    ];
    const { release, earlier } = snapshot({}, { releases });
    expect(release).toMatchObject({
      id: "script/api@v2+x",
      startedAt: clock("07:00:00"),
      previous: { name: "v1" },
    });
    expect(earlier.map(({ name }) => name)).toEqual(["v1"]);
  });

  test("is another one when something else ran since the one in the log", () => {
    const releases = () => [logged("script/api@v2", "v2", "08:00:00")];
    const earlier = [run("v1", "09:00:00"), run("v2", "08:00:00")];
    expect(snapshot({ earlier }, { releases }).release).toMatchObject({
      id: "script/api@v2+2026-03-02T10:00:00.000Z",
      startedAt: TEN,
    });
  });

  test("earlier revisions are told once each, newest first, with those that only the log still knows", () => {
    const earlier = [run("v1", "09:30:00"), run("v3", "09:00:00"), run("v1", "08:00:00")];
    const releases = () => [logged("a", "v0", "05:00:00"), logged("b", "v1", "06:00:00")];
    const told = snapshot({ earlier }, { releases }).earlier;
    expect(told.map(({ name }) => name)).toEqual(["v1", "v3", "v0"]);
  });

  test("rollout is complete when nothing else runs", () => {
    expect(snapshot({}).rollout).toEqual({ complete: true, stalled: false, detail: "running: v2" });
    expect(snapshot({ present: ["v1", "v2"] }).rollout.complete).toBe(false);
  });

  test("without a way to tell which version is newer is unknown, and says what to do", () => {
    const trail = {
      current: undefined,
      earlier: [run("v2", "09:00:00"), run("v1", "09:00:00")],
      present: ["v1", "v2"],
    };
    const history = { releases: () => [], rollbacks: () => [], acted: () => [] };
    expect(describeTarget(TARGET, trail, history)).toMatchObject({
      ok: false,
      reason: "unknown-version",
      detail: expect.stringMatching(/since 2026-03-02 09:00:00Z \(v1, v2\).*release\.expr/),
    });
  });
});

describe("what put a version there", () => {
  const back = { current: run("v1", "10:00:00"), earlier: [run("v2", "09:00:00"), run("v1", "08:00:00")] };
  test.each([
    ["a rollback to it that began while its predecessor ran", rollback("v1", "09:59:00"), "rollback"],
    ["a rollback to another version", rollback("v0", "09:59:00"), "deploy"],
    ["a rollback before its predecessor came", rollback("v1", "08:30:00"), "deploy"],
    ["a rollback after it", rollback("v1", "10:00:01"), "deploy"],
  ])("%s: %j", (_, past, cause) => {
    const told = snapshot({ ...back, present: ["v1"] }, { rollbacks: () => [past] });
    expect(told.release.cause).toBe(cause);
    expect(told.rollbacks).toEqual([past]);
  });

  test("is remembered over a restart", () => {
    const releases = () => [
      logged("script/api@v2", "v2", "07:00:00"),
      { id: "script/api@v1+y", version: "v1", startedAt: TEN },
    ];
    const seen = { current: { version: "v1", startedAt: TEN + HOUR }, earlier: [], present: ["v1"] };
    const cause = (time: string) =>
      snapshot(seen, { releases, rollbacks: () => [rollback("v1", time)] }).release.cause;
    expect([cause("09:59:00"), cause("06:00:00")]).toEqual(["rollback", "deploy"]);
  });
});
