import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPromql } from "../../src/rules/promql.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { findTool } from "../support/tool.ts";

const SOUND: readonly string[] = [
  "up",
  "sum(rate(a[5m]))",
  "sum by (le, job) (rate(a[5m]))",
  "sum(a) without (pod)",
  "histogram_quantile(0.95, sum by (le) (rate(a_bucket[1m])))",
  'quantile_over_time(0.9, a{b=~"c|d", e!=""}[1h30m])',
  "max_over_time(rate(a[1m])[10m:30s] offset 1h)",
  "topk(5, a)",
  'count_values("version", build_info)',
  "a / on (job) group_left (version) b",
  "a > bool 5",
  "a > 5 and b unless c or d",
  "-a + 2 ^ 3 % 4",
  "clamp(a, 0, 1)",
  "round(a)",
  "round(a, 0.5)",
  "vector(1)",
  "a * scalar(b)",
  "hour()",
  "hour(a)",
  "time() - a",
  'label_replace(a, "b", "$1", "c", "(.*)")',
  'label_join(a, "b", "-", "c", "d")',
  "predict_linear(a[1h], 3600)",
  "absent(a) or absent_over_time(a[5m])",
  '{__name__=~"a.*", job="b"}',
  "a # comment ) ( \n + b",
];

const FAULTY: readonly (readonly [string, number, string])[] = [
  ["", 0, "empty"],
  ["sum(", 3, "`)` for an earlier `(` is still missing"],
  ["sum(rate(a[1m])", 14, "`)` for an earlier `(` is still missing"],
  ["sum(rate(a[1m))", 13, "`]` for an earlier `[` is still missing"],
  ["a b", 2, "unexpected `b`"],
  ["sum(a))", 6, "unexpected `)`"],
  ['a{b="c', 5, "too early"],
  ["rat(a[5m])", 0, "Did you mean `rate`?"],
  ["rate(a)", 5, "needs a range vector, and this is an instant vector; add a range"],
  ["sum(rate(sum(a)))", 9, "add a range"],
  ["sum(a[5m])", 4, "needs an instant vector, and this is a range vector"],
  ["a[5m] > 1", 0, "cannot work on a range vector"],
  ['a + "b"', 0, "cannot work on text"],
  ["sum()", 0, "takes 1 argument, here it has 0"],
  ["histogram_quantile(a)", 0, "takes 2 arguments, here it has 1"],
  ["histogram_quantile(a, 0.9)", 19, "needs a single number"],
  ["round(a, 1, 2)", 0, "takes 1 to 2 arguments, here it has 3"],
  ["topk(a)", 0, "takes 2 arguments"],
  ["1 and a", 0, "`and`, `or` and `unless`"],
  ["a > 0 and 1", 0, "`and`, `or` and `unless`"],
  ["vector(1 > 0)", 7, "needs `bool`"],
  ["sum(a)[5m]", 0, "must follow a metric"],
  ["rate(a[5m:1m][1m:])", 5, "must follow an instant vector"],
  ["rate(a[0s])", 7, "above zero"],
];

describe("an expression that can be evaluated has no fault", () => {
  test.each(SOUND)("%s", (expr) => {
    expect(readPromql(expr).faults).toEqual([]);
  });
});

describe("a fault is placed at its character", () => {
  test.each(FAULTY)("%s at %d: %s", (expr, at, message) => {
    const [fault] = readPromql(expr).faults;
    expect(fault?.at).toBe(at);
    expect(fault?.message).toContain(message);
  });
});

describe("what Prometheus would evaluate but a rule must not mean", () => {
  test.each([
    ["a[5m]", "a rule needs an instant vector, and this is a range vector"],
    ['"a"', "a rule needs an instant vector, and this is text"],
    ["1 + 1", "wrap it in `vector(…)`"],
    ["a @ 1700000000", "`@` fixes the instant"],
    ["sum(rate(a[5m] @ end()))", "`@` fixes the instant"],
    ["a offset -5m", "looks into the future"],
  ])("%s", (expr, message) => {
    expect(
      readPromql(expr)
        .faults.map((fault) => fault.message)
        .join(),
    ).toContain(message);
  });
});

test("Prometheus itself accepts and refuses the same expressions", async () => {
  const promtool = findTool("promtool");
  const { path, remove } = temporaryFolder();
  const accepts = async (expr: string, index: number): Promise<boolean> => {
    const file = join(path, `${index}.yml`);
    await writeFile(file, JSON.stringify({ groups: [{ name: "g", rules: [{ alert: "A", expr }] }] }));
    return promisify(execFile)(promtool, ["check", "rules", file]).then(
      () => true,
      () => false,
    );
  };
  try {
    const verdicts: (readonly [string, boolean])[] = [];
    for (const [index, expr] of [...SOUND, ...FAULTY.map(([faulty]) => faulty)].entries()) {
      verdicts.push([expr, await accepts(expr, index)]);
    }
    expect(verdicts).toEqual(verdicts.map(([expr]) => [expr, readPromql(expr).faults.length === 0]));
  } finally {
    remove();
  }
});

describe("reading never throws", () => {
  test.each([
    ["brackets", `${"(".repeat(1000)}a${")".repeat(1000)}`],
    ["signs", `${"-".repeat(1000)}a`],
    ["a long sum", `${"a+".repeat(1000)}a`],
  ])("on %s", (_, expr) => {
    expect(readPromql(expr).faults[0]?.message).toContain("nested too deep");
  });

  test("on any text", () => {
    const piece = fc.constantFrom(
      "a",
      "sum",
      "rate",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "5m",
      "1",
      '"',
      ":",
      " ",
      "/",
      "@",
      "by",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (expr) => {
          const { faults, rangeMs } = readPromql(expr);
          expect(rangeMs).toBeGreaterThanOrEqual(0);
          expect(faults.every(({ at }) => at >= 0 && at <= expr.length)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

test("names of metrics are found in each of their spellings", () => {
  const expr = `a_total + {__name__="b_total"} + {"c.total", job="d"} + {__name__=~"e.*"}`;
  expect(readPromql(expr).selectors.map(({ metric }) => metric)).toEqual([
    "a_total",
    "b_total",
    "c.total",
    "",
  ]);
});
