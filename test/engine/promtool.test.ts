import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { reduceExpr } from "../../src/signals/reduce.ts";
import { advance, emptyTrack } from "../../src/decisions/track.ts";
import { metricTrigger, SECOND } from "../support/model.ts";
import { findTool } from "../support/tool.ts";

interface Case {
  readonly intervalMs: number;
  readonly forMs: number;
  readonly op: "above" | "below";
  /** Gap-free, one value per interval, from the epoch on. */
  readonly values: readonly number[];
}

/** Several series, each gap-free from its first value on; `late` is the slot of that. */
interface EachCase extends Omit<Case, "values"> {
  readonly pods: readonly { readonly late: number; readonly values: readonly number[] }[];
}

const arbitraryCase: fc.Arbitrary<Case> = fc.record({
  intervalMs: fc.constantFrom(5, 15, 30).map((seconds) => seconds * SECOND),
  forMs: fc.constantFrom(0, 5, 20, 45, 60, 100, 150).map((seconds) => seconds * SECOND),
  op: fc.constantFrom("above", "below"),
  values: fc
    .array(fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 1, max: 20 })), {
      minLength: 12,
      maxLength: 12,
    })
    .map((runs) => runs.flatMap(([value, length]) => Array.from({ length }, () => value)).slice(0, 60)),
});

const arbitraryEach: fc.Arbitrary<EachCase> = fc
  .tuple(
    arbitraryCase,
    fc.array(fc.tuple(arbitraryCase, fc.constantFrom(0, 0, 7, 20)), { minLength: 2, maxLength: 4 }),
  )
  .map(([{ intervalMs, forMs, op }, pods]) => ({
    intervalMs,
    forMs,
    op,
    pods: pods.map(([{ values }, late]) => ({ late, values: values.slice(late) })),
  }));

/** The pods that fire in each slot (0, 1, 2 …), with `aggregate: each`. */
function firingPods({ intervalMs, forMs, op, pods }: EachCase): readonly (readonly string[])[] {
  const trigger = metricTrigger({ forMs, threshold: { op, value: 5, text: "5" }, aggregate: "each" });
  const context = { trigger, intervalMs, release: undefined };
  let track = emptyTrack(context, 0);
  const length = Math.max(...pods.map(({ late, values }) => late + values.length));
  return Array.from({ length }, (_, slot) => {
    const at = slot * intervalMs;
    const readings = pods.flatMap(({ late, values }, pod) => {
      const value = values[slot - late];
      return value === undefined ? [] : [{ labels: { pod: `p${pod}` }, value }];
    });
    track = advance(track, context, at, [reduceExpr(trigger, at, readings)]);
    return track.firing.map(({ series = "" }) => /p\d+/.exec(series)?.[0] ?? series);
  });
}

/** Slots (0, 1, 2 …) at which the trigger fires. */
function firingSlots({ intervalMs, forMs, op, values }: Case): readonly number[] {
  const trigger = metricTrigger({ forMs, threshold: { op, value: 5, text: "5" } });
  const context = { trigger, intervalMs, release: undefined };
  let track = emptyTrack(context, 0);
  return values.flatMap((value, slot) => {
    const at = slot * intervalMs;
    track = advance(track, context, at, [{ at, value }]);
    return track.status.state === "firing" ? [slot] : [];
  });
}

function promtoolTest(one: Case, index: number, firing: readonly number[]) {
  const alertname = `a${index}`;
  return {
    interval: `${one.intervalMs / SECOND}s`,
    input_series: [{ series: `v${index}`, values: one.values.join(" ") }],
    alert_rule_test: one.values.map((_, slot) => ({
      eval_time: `${(slot * one.intervalMs) / SECOND}s`,
      alertname,
      exp_alerts: firing.includes(slot) ? [{ exp_labels: {} }] : [],
    })),
  };
}

function eachTest(one: EachCase, index: number, firing: readonly (readonly string[])[]) {
  const alertname = `a${index}`;
  return {
    interval: `${one.intervalMs / SECOND}s`,
    input_series: one.pods.map(({ late, values }, pod) => ({
      series: `v${index}{pod="p${pod}"}`,
      values: [...(late > 0 ? [`_x${late}`] : []), ...values].join(" "),
    })),
    alert_rule_test: firing.map((pods, slot) => ({
      eval_time: `${(slot * one.intervalMs) / SECOND}s`,
      alertname,
      exp_alerts: pods.map((pod) => ({ exp_labels: { pod } })),
    })),
  };
}

/** One rules file per evaluation interval, because a promtool file has a single one. */
function promtoolFile(cases: readonly Omit<Case, "values">[], each: readonly object[]) {
  const rules = cases.map((one, index) => ({
    alert: `a${index}`,
    expr: `v${index} ${one.op === "above" ? ">" : "<"} 5`,
    for: `${one.forMs / SECOND}s`,
  }));
  return {
    rules: { groups: [{ name: "all", rules }] },
    tests: {
      rule_files: ["rules.yaml"],
      evaluation_interval: `${(cases[0]?.intervalMs ?? 0) / SECOND}s`,
      tests: each,
    },
  };
}

describe("on gap-free data a trigger fires exactly when a Prometheus alert does", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollbackd-promtool-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function accepts(cases: readonly Case[], verdicts: readonly (readonly number[])[]): Promise<string> {
    return run(
      cases,
      cases.map((one, index) => promtoolTest(one, index, verdicts[index] ?? [])),
    );
  }

  async function run(cases: readonly Omit<Case, "values">[], each: readonly object[]): Promise<string> {
    const { rules, tests } = promtoolFile(cases, each);
    await writeFile(join(folder, "rules.yaml"), stringify(rules));
    await writeFile(join(folder, "test.yaml"), stringify(tests));
    const promtool = promisify(execFile)(findTool("promtool"), ["test", "rules", "test.yaml"], {
      cwd: folder,
    });
    return promtool.then(
      () => "accepted",
      (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`.slice(0, 4_000),
    );
  }

  const cases = fc.sample(arbitraryCase, { numRuns: 90, seed: 20_260_302 });

  test.each([5, 15, 30])(
    "interval %is: promtool accepts every firing instant",
    async (seconds) => {
      const chosen = cases.filter((one) => one.intervalMs === seconds * SECOND);
      const verdicts = chosen.map(firingSlots);
      expect(verdicts.flat().length).toBeGreaterThan(50);
      expect(await accepts(chosen, verdicts)).toBe("accepted");
    },
    60_000,
  );

  const each = fc.sample(arbitraryEach, { numRuns: 60, seed: 20_260_302 });

  test.each([5, 15, 30])(
    "aggregate: each, interval %is: promtool accepts every firing series at every instant",
    async (seconds) => {
      const chosen = each.filter((one) => one.intervalMs === seconds * SECOND);
      const verdicts = chosen.map(firingPods);
      expect(verdicts.flat().filter((pods) => pods.length > 1).length).toBeGreaterThan(20);
      const tests = chosen.map((one, index) => eachTest(one, index, verdicts[index] ?? []));
      expect(await run(chosen, tests)).toBe("accepted");
    },
    60_000,
  );

  test("aggregate: each: promtool rejects a verdict that names another series", async () => {
    const one = each.find((candidate) => firingPods(candidate).some((pods) => pods.length > 0));
    if (one === undefined) throw new Error("no case fires");
    const other = firingPods(one).map((pods) => pods.map((pod) => (pod === "p0" ? "p1" : "p0")));
    expect(await run([one], [eachTest(one, 0, other)])).not.toBe("accepted");
  });

  test("promtool rejects a verdict that is one slot late", async () => {
    const one = cases.find((candidate) => firingSlots(candidate).length > 0);
    if (one === undefined) throw new Error("no case fires");
    expect(await accepts([one], [firingSlots(one).slice(1)])).not.toBe("accepted");
  });
});
