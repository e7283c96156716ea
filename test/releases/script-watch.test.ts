import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ScriptHistory } from "../../src/releases/script-release.ts";
import { type ScriptWatchPorts, watchScript } from "../../src/releases/script-watch.ts";
import { versionsOf, versionsOver } from "../../src/releases/script-versions.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import type { Answer, InstantSeries, RangeQuery } from "../../src/signals/query.ts";
import { eventually } from "../support/eventually.ts";
import { openMetrics } from "../support/exposition.ts";
import { HOUR, MINUTE, policy, SECOND } from "../support/model.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";

const EXPR = "count by (version) (app_info)";
const endpoint = "http://prometheus.test";
const NO_HISTORY: ScriptHistory = { releases: () => [], rollbacks: () => [], acted: () => [] };

const scriptPolicy = (changes: Partial<Policy> = {}): Policy =>
  policy({ target: { kind: "script", namespace: undefined, releaseExpr: EXPR }, ...changes });

function told(lookup: Lookup): string {
  if (!lookup.ok) return lookup.reason;
  const { release, rollout } = lookup.snapshot;
  const previous = release.previous?.name ?? "none";
  return `${release.revision.name} after ${previous}, ${rollout.complete ? "complete" : "rolling"}`;
}

/** A source of versions that a test sets by hand; "no answer" is what a dead Prometheus gives. */
function source() {
  const grids: Parameters<RangeQuery>[1][] = [];
  const state = { versions: ["v1"] as readonly string[] | "no answer", grids };
  const dead = { ok: false, reason: "unreachable", detail: "connection refused", endpoint } as const;
  const ports: ScriptWatchPorts = {
    instant: (_, at): Promise<Answer<InstantSeries>> => {
      const { versions } = state;
      if (versions === "no answer") return Promise.resolve(dead);
      const series = versions.map((version) => ({ labels: { version }, at, value: 1 }));
      return Promise.resolve({ ok: true, series, endpoint });
    },
    range: (_, grid) => {
      grids.push(grid);
      const { versions } = state;
      if (versions === "no answer") return Promise.resolve(dead);
      const points = [{ at: grid.to, value: 1 }];
      return Promise.resolve({
        ok: true,
        series: versions.map((version) => ({ labels: { version }, points })),
        endpoint,
      });
    },
    history: NO_HISTORY,
    now: Date.now,
  };
  return { state, ports };
}

function watch(changes: Partial<Policy>, ports: ScriptWatchPorts) {
  const watching = watchScript(scriptPolicy({ intervalMs: 20, ...changes }), ports);
  onTestFinished(() => watching.stop());
  const becomes = (expected: string) =>
    eventually(expected, () => expect(told(watching.current())).toBe(expected), { everyMs: 5 });
  return { watching, becomes };
}

describe("a watch of versions", () => {
  test("tells of each release once it is seen, and of its changes", async () => {
    const { state, ports } = source();
    const { watching, becomes } = watch({}, ports);
    expect(told(watching.current())).toBe("unknown-version");
    const changes: string[] = [];
    const unlisten = watching.onChange(() => changes.push(told(watching.current())));
    await becomes("v1 after none, complete");
    state.versions = ["v1", "v2"];
    await becomes("v2 after v1, rolling");
    state.versions = ["v2"];
    await becomes("v2 after v1, complete");
    expect(changes).toEqual(["v1 after none, complete", "v2 after v1, rolling", "v2 after v1, complete"]);
    unlisten();
    state.versions = ["v3"];
    await becomes("v3 after v2, complete");
    expect(changes).toHaveLength(3);
  });

  test("looks back over the guard period and more when it starts, on the grid of slots", async () => {
    const { state, ports } = source();
    const { becomes } = watch({ intervalMs: 15 * SECOND, queryOffsetMs: 60 * SECOND }, ports);
    await becomes("v1 after none, complete");
    const [grid] = state.grids;
    const { from = 0, to = 0, stepMs } = grid ?? {};
    expect([stepMs, from % 15_000, to % 15_000]).toEqual([15_000, 0, 0]);
    expect(to - from).toBeGreaterThan(HOUR + 5 * MINUTE);
    expect(Date.now() - to).toBeGreaterThanOrEqual(MINUTE);
    expect(Date.now() - to).toBeLessThan(MINUTE + 50 * SECOND);
  });

  test("without an answer from the start says so, and recovers", async () => {
    const { state, ports } = source();
    state.versions = "no answer";
    const { watching, becomes } = watch({}, ports);
    await becomes("unreachable");
    expect(watching.current()).toMatchObject({ detail: expect.stringContaining("connection refused") });
    state.versions = [];
    await becomes("unknown-version");
    state.versions = ["v1"];
    await becomes("v1 after none, complete");
  });

  test.each([
    ["a newline", "v2\nROLLBACKD_TO_REVISION=v9", String.raw`"v2\u{a}ROLLBACKD_TO_REVISION=v9"`],
    ["a NUL", "v2\0", String.raw`"v2\u{0}"`],
    ["an escape sequence", "\u001B[2Jv2", String.raw`"\u{1b}[2Jv2"`],
    ["a C1 control", "v2\u009B31m", String.raw`"v2\u{9b}31m"`],
    ["a bidirectional override", "v2\u202E1v", String.raw`"v2\u{202e}1v"`],
    ["a zero-width space", "v2\u200B", String.raw`"v2\u{200b}"`],
    ["a line separator", "v2\u2028", String.raw`"v2\u{2028}"`],
    ["half a surrogate pair", "v2\uD83D", String.raw`"v2\u{d83d}"`],
    ["white space around it", " v2", '" v2"'],
    ["more than 253 characters", "v".repeat(254), "longer than 253"],
  ])("does not know the version when its name has %s, and says why", async (_, version, shown) => {
    const { state, ports } = source();
    const { watching, becomes } = watch({}, ports);
    await becomes("v1 after none, complete");
    state.versions = ["v1", version];
    await becomes("unusable-version");
    const detail = expect.stringContaining(shown);
    expect(watching.current()).toMatchObject({ reason: "unusable-version", detail });
    await expect(watching.reread()).resolves.toMatchObject({ reason: "unusable-version", detail });
    state.versions = [];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told(watching.current())).toBe("unusable-version");
    state.versions = ["v3"];
    await becomes("v3 after v1, complete");
  });

  test("does not take a version from the log as the one before when its name is refused now", async () => {
    const { ports } = source();
    const logged = { id: "script/vcci-api@v0", version: "v0\u001B[2J", startedAt: Date.now() - HOUR };
    const history = { ...NO_HISTORY, releases: () => [logged] };
    const { watching, becomes } = watch({}, { ...ports, history });
    await becomes("v1 after none, complete");
    expect(watching.current()).toMatchObject({ snapshot: { earlier: [] } });
  });

  test("that loses its source keeps what it knew, says so when asked, and reads what it missed", async () => {
    const { state, ports } = source();
    const { watching, becomes } = watch({}, ports);
    await becomes("v1 after none, complete");
    state.versions = "no answer";
    await eventually("reread is unreachable", async () =>
      expect(told(await watching.reread())).toBe("unreachable"),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told(watching.current())).toBe("v1 after none, complete");
    const before = state.grids.length;
    state.versions = ["v2"];
    await becomes("v2 after v1, complete");
    const gap = state.grids.slice(before).at(-1);
    expect(gap?.to).toBeGreaterThan(gap?.from ?? Infinity);
  });

  test("of which nobody tells the version keeps the last one, and says so when asked", async () => {
    const { state, ports } = source();
    const { watching, becomes } = watch({}, ports);
    await becomes("v1 after none, complete");
    state.versions = [];
    await expect(watching.reread()).resolves.toMatchObject({
      ok: false,
      reason: "unknown-version",
      detail: expect.stringContaining(EXPR),
    });
    expect(told(watching.current())).toBe("v1 after none, complete");
  });

  test("asked again sees a release before the next slot does", async () => {
    const { state, ports } = source();
    const { watching, becomes } = watch({ intervalMs: HOUR }, ports);
    await becomes("v1 after none, complete");
    state.versions = ["v2"];
    expect(told(await watching.reread())).toBe("v2 after v1, complete");
    expect(told(watching.current())).toBe("v1 after none, complete");
  });

  test("asks one question at a time, and none after it was stopped", async () => {
    const { ports } = source();
    let [open, most, asked] = [0, 0, 0];
    const slow: RangeQuery = async (expr, grid) => {
      asked += 1;
      most = Math.max(most, (open += 1));
      await new Promise((resolve) => setTimeout(resolve, 60));
      open -= 1;
      return ports.range(expr, grid);
    };
    const { watching } = watch({}, { ...ports, range: slow });
    await eventually("three slow answers", () => expect(asked).toBeGreaterThanOrEqual(3));
    await watching.stop();
    const until = asked;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([most, open, asked]).toEqual([1, 0, until]);
  });
});

describe("a script target without release.expr", () => {
  const target = { kind: "script", namespace: undefined, releaseExpr: undefined } as const;
  const at = Date.UTC(2026, 2, 2, 10);

  test("and guard: always is one release since it was first watched, of a version nobody can ask", async () => {
    const { ports } = source();
    const { watching } = watch({ target, guard: "always" }, { ...ports, now: () => at });
    expect(watching.current()).toMatchObject({
      ok: true,
      snapshot: {
        release: {
          id: "script/vcci-api@always",
          startedAt: at,
          clockAt: at,
          revision: { name: "current" },
          previous: { name: "previous" },
        },
      },
    });
    await expect(watching.reread()).resolves.toMatchObject({ ok: false, reason: "unknown-version" });
  });

  test("trap 2: a restart is no release: the one that the log knows goes on, also that after a rollback", () => {
    const { ports } = source();
    const started = (history: Partial<ScriptHistory>) => {
      const all = { ...ports, history: { ...NO_HISTORY, ...history }, now: () => at };
      const lookup = watch({ target, guard: "always" }, all).watching.current();
      return lookup.ok ? lookup.snapshot.release : undefined;
    };
    const known = { id: "script/vcci-api@always", version: "script/vcci-api@always", startedAt: at - HOUR };
    expect(started({ releases: () => [known] })).toMatchObject({ id: known.id, startedAt: at - HOUR });
    const versioned = { id: "script/vcci-api@v1", version: "v1", startedAt: at - HOUR };
    expect(started({ releases: () => [versioned] })).toMatchObject({ startedAt: at });
    const past = { decisionId: "d", at: at - MINUTE, fromDigest: known.id, toDigest: "previous" };
    expect(started({ releases: () => [known], rollbacks: () => [past] })).toMatchObject({
      id: "script/vcci-api@always+2026-03-02T09:59:00.000Z",
      startedAt: at - MINUTE,
    });
  });

  test("trap 7: after a rollback counts as another release, so that the old window cannot act again", () => {
    const past = {
      decisionId: "d",
      at: at + MINUTE,
      fromDigest: "script/vcci-api@always",
      toDigest: "previous",
    };
    const { ports } = source();
    const history = { ...NO_HISTORY, rollbacks: () => [past] };
    const { watching } = watch({ target, guard: "always" }, { ...ports, history, now: () => at });
    expect(watching.current()).toMatchObject({
      snapshot: {
        release: {
          id: "script/vcci-api@always+2026-03-02T10:01:00.000Z",
          startedAt: at + MINUTE,
          revision: { name: "current", digest: expect.not.stringMatching(/@always$/) },
        },
        rollbacks: [past],
      },
    });
  });

  test("and a guard period has no release to guard until somebody tells of one, which it says how to", () => {
    const { ports } = source();
    expect(watch({ target }, ports).watching.current()).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/no release\.expr.*rollbackd release vcci-api VERSION/u),
    });
  });
});

describe("the version that a series names", () => {
  test.each([
    [{ version: "v1.2.3" }, { versions: ["v1.2.3"] }],
    [
      { version: "v1", pod: "a" },
      { versions: [], unusable: { labels: ["pod", "version"] } },
    ],
    [{}, { versions: [], unusable: { labels: [] } }],
    [{ version: "" }, { versions: [], unusable: { name: "" } }],
  ])("with the labels %j is %j", (labels, expected) => {
    const series = [{ labels, at: 10, value: 4 }];
    expect(versionsOf(series, 10)).toEqual({ at: 10, ...expected });
    const range = [{ labels, points: [{ at: 10, value: 4 }] }];
    expect(versionsOver(range, { from: 10, to: 10, stepMs: 10 })).toEqual([{ at: 10, ...expected }]);
  });

  test("is not known while one series beside it does not say its version", () => {
    const series = [{ version: "v2" }, {}].map((labels) => ({ labels, at: 10, value: 3 }));
    expect(versionsOf(series, 10)).toEqual({ at: 10, versions: [], unusable: { labels: [] } });
  });

  test("a slot of a range without points is one at which nobody could tell", () => {
    const points = [{ at: 20, value: 7 }];
    expect(versionsOver([{ labels: { version: "v7" }, points }], { from: 10, to: 30, stepMs: 10 })).toEqual([
      { at: 10, versions: [] },
      { at: 20, versions: ["v7"] },
      { at: 30, versions: [] },
    ]);
  });
});

describe("with a real Prometheus", () => {
  const now = Math.floor(Date.now() / 15_000) * 15_000 - HOUR;
  const ago = (minutes: number) => now - minutes * MINUTE;
  let prometheus: RunningPrometheus;

  beforeAll(async () => {
    const pods = (version: string, from: number, to: number) => ({
      name: "app_info",
      labels: { version },
      points: Array.from({ length: (to - from) / 15_000 + 1 }, (_, i) => ({
        at: from + i * 15_000,
        value: 1,
      })),
    });
    const backfill = openMetrics([pods("v1", ago(90), ago(28)), pods("v2", ago(30), ago(0))]);
    prometheus = await startPrometheus({ backfill, lookbackMs: 16_000 });
  });
  afterAll(() => prometheus.stop());

  async function afterStart(expr: string): Promise<Lookup> {
    const client = createPrometheus({ urls: [prometheus.url] });
    onTestFinished(client.close);
    const target = { kind: "script", namespace: undefined, releaseExpr: expr } as const;
    const { watching } = watch(
      { target, intervalMs: 15_000 },
      { ...client, history: NO_HISTORY, now: () => now },
    );
    await eventually("an answer", () => expect(told(watching.current())).not.toBe("unknown-version"));
    return watching.current();
  }

  test("trap 2: a restarted daemon dates the running release, and still guards it", async () => {
    const lookup = await afterStart(EXPR);
    expect(told(lookup)).toBe("v2 after v1, complete");
    expect(lookup).toMatchObject({ snapshot: { release: { startedAt: ago(30), clockAt: ago(30) } } });
  });

  test("a pod that is replaced begins no release of one version: the pod in the name is refused, with what to write", async () => {
    const expr = "count by (version, job) (app_info)";
    const client = createPrometheus({ urls: [prometheus.url] });
    onTestFinished(client.close);
    const labelled = `label_replace(${expr}, "pod", "a", "", "")`;
    const target = { kind: "script", namespace: undefined, releaseExpr: labelled } as const;
    const ports = { ...client, history: NO_HISTORY, now: () => now };
    const { watching } = watch({ target, intervalMs: 15_000 }, ports);
    await eventually("an answer", () => expect(told(watching.current())).toBe("unusable-version"));
    expect(watching.current()).toMatchObject({
      ok: false,
      detail: expect.stringContaining(
        "a series has the labels pod, version, and exactly one may name the version. " +
          `Write \`count by (version) (${labelled})\` in release.expr`,
      ),
    });
  });

  test("a rule that Prometheus rejects is told with its words", async () => {
    const lookup = await afterStart("count by (version (app_info)");
    expect(lookup).toMatchObject({
      ok: false,
      reason: "unreachable",
      detail: expect.stringMatching(/parse/),
    });
  });
});
