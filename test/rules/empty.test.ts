import { describe, expect, test } from "vitest";
import { parseRules } from "../../src/rules/load.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { rulesWith } from "./written.ts";

/** `severity: message` of each problem. */
function told(trigger: string, policy?: string): readonly string[] {
  const text = rulesWith({ trigger, ...(policy !== undefined && { policy }) });
  return parseRules("rules.yaml", text).problems.map(({ severity, message }) => `${severity}: ${message}`);
}

/** Severity, and the expression that is proposed, of the only problem; `fine` where there is none. */
function proposed(trigger: string): readonly (string | undefined)[] {
  const problems = told(trigger);
  if (problems.length === 0) return ["fine"];
  expect(problems).toHaveLength(1);
  const [, severity, message = ""] = /^(\w+): (.*)$/su.exec(problems[0] ?? "") ?? [];
  return [severity, /Write `([^`]*)`/.exec(message)?.[1]];
}

const vetoed = (unless: string) => proposed(`expr: sum(errors)\nabove: 5\nfor: 5m\nunless: '${unless}'`);
const expr = (text: string, threshold = "above: 5%") => proposed(`expr: '${text}'\n${threshold}\nfor: 5m`);
const ratio = (errors: string, total: string) =>
  proposed(`ratio: {errors: '${errors}', total: '${total}'}\nabove: 5%\nfor: 5m`);

/** A veto, what is said of it, and what is proposed. */
const VETOES: [unless: string, severity: string, instead?: string][] = [
  ["mysql_up == 0", "error", "mysql_up == bool 0"],
  ["0 == mysql_up", "error", "0 == bool mysql_up"],
  ["max(mysql_up) == 0", "error", "max(mysql_up) == bool 0"],
  ["max(mysql_up == 0)", "error", "max(mysql_up == bool 0)"],
  ["sum by (db) (mysql_up == 0)", "error", "sum by (db) (mysql_up == bool 0)"],
  ["(mysql_up == 0) * 2", "error", "(mysql_up == bool 0) * 2"],
  ["rate(queries_total[1m]) <= 0", "error", "rate(queries_total[1m]) <= bool 0"],
  ["mysql_up and mysql_up == 0", "error", "mysql_up == bool 0"],
  ["count(mysql_up) == 0", "error", "absent(mysql_up)"],
  ["mysql_up == 0 or vector(0)", "error", "mysql_up == bool 0 or vector(0)"],
  ["mysql_up == 0 or absent(mysql_up)", "warning", "mysql_up == bool 0 or absent(mysql_up)"],
  ["mysql_up < 1", "warning", "mysql_up < bool 1"],
  ["mysql_up != 1", "warning", "mysql_up != bool 1"],
  ["mysql_up < on (db) mysql_wanted", "warning", "mysql_up < bool on (db) mysql_wanted"],
  ["mysql_up == bool 0", "fine"],
  ["(mysql_up == 0) + 1", "fine"],
  ["count(mysql_up == 0)", "fine"],
  ["absent(mysql_up)", "fine"],
  ["absent(mysql_up) or mysql_up == bool 0", "fine"],
  ["load_test_running == 1", "fine"],
  ["connections > 100", "fine"],
  ['ALERTS{alertname="DatabaseDown", alertstate="firing"}', "fine"],
];

describe("a veto", () => {
  test.each(VETOES)("%s: %s", (unless, severity, instead) => {
    expect(vetoed(unless)).toEqual(severity === "fine" ? ["fine"] : [severity, instead]);
  });

  test("that can never be anything but 0 is told with what 0 means, at the comparison", () => {
    const text = rulesWith({
      policy: "target: {namespace: shop, deployments: [api]}\nunless: max(mysql_up == 0)",
    });
    expect(parseRules("rules.yaml", text).problems).toMatchObject([
      {
        line: 4,
        column: 17,
        severity: "error",
        rule: "promql",
        message:
          "Where this gives a result, its value is 0, and 0 never vetoes. " +
          "Write `max(mysql_up == bool 0)`, which is 1 while it holds and else 0.",
      },
    ]);
  });

  test("is on a real Prometheus never a value but 0 where it is an error, and vetoes as it is proposed", async () => {
    const prometheus = await startPrometheus();
    // One database that is down, from nothing but a number.
    const down = 'label_replace(vector(0), "db", "a", "", "")';
    const real = (text: string) =>
      text
        .replace("absent(mysql_up)", "absent(nothing)")
        .replace("rate(queries_total[1m])", down)
        .replaceAll("mysql_up", down);
    const valuesOf = async (text: string): Promise<readonly number[]> => {
      const query = new URLSearchParams({ query: real(text) });
      const answer = await fetch(`${prometheus.url}/api/v1/query?${query.toString()}`);
      const body = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return body.data.result.map(({ value }) => Number(value[1]));
    };
    try {
      for (const [unless, severity, instead] of VETOES) {
        if (severity !== "error" || instead === undefined) continue;
        expect([unless, (await valuesOf(unless)).filter((value) => value !== 0)]).toEqual([unless, []]);
        const vetoing = (await valuesOf(instead)).filter((value) => value !== 0);
        expect([instead, vetoing.length]).toEqual([instead, 1]);
      }
    } finally {
      await prometheus.stop();
    }
  });
});

describe("a comparison in an expression hides what is healthy", () => {
  test.each<[string, string, string, string?]>([
    ["a / b > 0.05", "above: 5%", "error", "a / b"],
    ["(a / b) > 0.05", "above: 5%", "error", "(a / b)"],
    ["0.05 < a / b", "above: 5%", "error", "a / b"],
    ["max(a / b > 0.05)", "above: 5%", "error", "max(a / b)"],
    ["a / b > 0.1", "above: 5%", "error", "a / b"],
    ["a / b >= 0", "above: 5%", "warning", "a / b"],
    ["a / b > 0", "above: 5%", "warning", "a / b"],
    ["a > b", "above: 5", "warning", "a"],
    ["a < 3", "below: 3", "error", "a"],
    ["circuit_open == 1", "above: 0", "error", "circuit_open"],
    ["count(up == 0)", "above: 0", "error", "sum(up == bool 0)"],
    ["count(up == 0) > 2", "above: 2", "error", "count(up == 0)"],
    ["count(up == 0)", "above: 2", "warning", "sum(up == bool 0)"],
    ["count by (job) (up == 0)", "above: 0", "error", "sum by (job) (up == bool 0)"],
    ["sum(queue > 10)", "above: 100", "warning", "sum(queue * (queue > bool 10))"],
    ["absent(up)", "above: 0", "error", "sum(absent(up)) or vector(0)"],
    ["(a > 5) * 100", "above: 600", "warning", "a * 100"],
    ["a / b > 0.05 and b > 10", "above: 5%", "error", "a / b and b > 10"],
    ["a / b > 0.05 or vector(0)", "above: 5%", "fine"],
    ["a / b and b > 10", "above: 5%", "fine"],
    ["a / b unless c > 1", "above: 5%", "fine"],
    ["sum(a > bool 5)", "above: 0", "fine"],
    ["histogram_quantile(0.95, sum by (le) (rate(a_bucket[1m])))", "above: 2s", "fine"],
  ])("%s with %s: %s", (text, threshold, severity, instead) => {
    expect(expr(text, threshold)).toEqual(severity === "fine" ? ["fine"] : [severity, instead]);
  });

  test("an error says why a rollback that helped could not be verified", () => {
    expect(told("expr: a / b > 0.05\nabove: 5%\nfor: 5m")).toEqual([
      "error: `a / b > 0.05` gives nothing while the comparison is false, and nothing is unknown, not healthy. So " +
        "this trigger is never healthy, and a rollback that helped cannot be verified. Write `a / b`.",
    ]);
  });

  test.each([
    ["a < 0.05", "above: 5%", "error: `a < 0.05` gives nothing"],
    ["count(up) == 0", "above: 0", "error: This never gives a result, whatever is measured."],
  ])("%s with %s can never fire", (text, threshold, message) => {
    const [first = "", ...others] = told(`expr: ${text}\n${threshold}\nfor: 5m`);
    expect(first).toContain(message);
    expect(others).toEqual([]);
  });

  test("a side of a ratio is better without one", () => {
    expect(ratio("sum(a) > 0", "sum(b)")).toEqual(["warning", "sum(a)"]);
    expect(ratio("sum(a)", "sum(b) > 10")).toEqual(["warning", "sum(b)"]);
    expect(told("ratio: {errors: sum(a), total: sum(b) > 10}\nabove: 5%\nfor: 5m")[0]).toContain(
      "`minTotal`",
    );
  });

  test.each([
    ["sum(a) > 0", "atMost: 0", "error: ", "So this check never passes"],
    ["sum(a) > 0.05", "below: 5%", "error: ", "So this check never passes"],
    ["sum(a) > 0", "below: 5", "warning: ", "Write `sum(a)`"],
    ["sum(a) < 5", "below: 5", "error: ", "So this check never fails"],
  ])("a check of a checkpoint: %s must be %s", (text, must, severity, message) => {
    const policy = [
      "target: {namespace: shop, deployments: [api]}",
      `checkpoints: [{at: 1h, checks: [{name: a, expr: '${text}', must: {${must}}}]}]`,
    ].join("\n");
    const problems = told("expr: sum(a)\nabove: 5\nfor: 5m", policy);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(severity);
    expect(problems[0]).toContain(message);
  });
});

describe("a part that can be empty while the whole is not", () => {
  test.each<[string, string, string?]>([
    [
      'sum(rate(r[1m])) - sum(rate(r{code=~"2.."}[1m]))',
      "warning",
      'sum(rate(r[1m])) - (sum(rate(r{code=~"2.."}[1m])) or vector(0))',
    ],
    [
      "sum(rate(r[1m])) - sum(rate(good[1m]))",
      "warning",
      "sum(rate(r[1m])) - (sum(rate(good[1m])) or vector(0))",
    ],
    ['sum(rate(r[1m])) - (sum(rate(r{code=~"2.."}[1m])) or vector(0))', "fine"],
    ['sum(rate(r{code!~"2.."}[1m]))', "fine"],
  ])("errors: %s", (errors, severity, instead) => {
    expect(ratio(errors, "sum(rate(r[1m]))")).toEqual(severity === "fine" ? ["fine"] : [severity, instead]);
  });

  test("with labels left, the zero has the same labels", () => {
    expect(ratio('sum by (pod) (r) - sum by (pod) (r{code="200"})', "sum by (pod) (r)")).toEqual([
      "warning",
      'sum by (pod) (r) - (sum by (pod) (r{code="200"}) or sum by (pod) (r) * 0)',
    ]);
  });

  test.each<[string, string, string, string?]>([
    [
      '1 - sum(rate(r{code=~"2.."}[1m])) / sum(rate(r[1m]))',
      "above: 5%",
      "warning",
      '1 - (sum(rate(r{code=~"2.."}[1m])) or vector(0)) / sum(rate(r[1m]))',
    ],
    [
      'sum(rate(r{app="a", code=~"2.."}[1m])) / sum(rate(r{app="a"}[1m]))',
      "below: 99%",
      "warning",
      '(sum(rate(r{app="a", code=~"2.."}[1m])) or vector(0)) / sum(rate(r{app="a"}[1m]))',
    ],
    ["sum(in_use) / sum(most)", "above: 80%", "fine"],
    ["sum(rate(a_sum[1m])) / sum(rate(a_count[1m]))", "above: 2", "fine"],
    ['sum(r{code="500"}) / sum(r{code="200"})', "above: 5%", "fine"],
  ])("expr: %s with %s: %s", (text, threshold, severity, instead) => {
    expect(expr(text, threshold)).toEqual(severity === "fine" ? ["fine"] : [severity, instead]);
  });
});

describe("rate over an aggregation", () => {
  test.each<[string, string, string?]>([
    ["rate(sum(c)[8s:1s])", "error", "sum(rate(c[8s]))"],
    ["increase(sum by (job) (c)[1m:])", "error", "sum by (job) (increase(c[1m]))"],
    [
      'irate((sum(c{a="b"}) without (pod))[1m:10s] offset 5m)',
      "error",
      'sum without (pod) (irate(c{a="b"}[1m]))',
    ],
    ["max(rate(count(c)[1m:]))", "error", "count(rate(c[1m]))"],
    ["rate(max(c)[1m:])", "warning", "max(rate(c[1m]))"],
    ["rate(job:requests:sum[1m])", "warning"],
    ["sum(rate(c[1m]))", "fine"],
    ["max_over_time(sum(rate(c[1m]))[2m:])", "fine"],
    ["rate(job:requests:rate[1m])", "fine"],
    ["deriv(sum(g)[1m:])", "fine"],
  ])("%s: %s", (text, severity, instead) => {
    expect(expr(text, "above: 5")).toEqual(severity === "fine" ? ["fine"] : [severity, instead]);
  });

  test("is told in both sides of a ratio, in a veto and in a checkpoint, too", () => {
    const bad = "rate(sum(c)[1m:])";
    const policy = `target: {namespace: shop, deployments: [api]}\ncheckpoints: [{at: 1h, checks: [{name: a, expr: '${bad}', must: {below: 5}}]}]`;
    const trigger = `ratio: {errors: '${bad}', total: '${bad}'}\nabove: 5%\nfor: 5m\nunless: '${bad}'`;
    const problems = told(trigger, policy).filter((each) =>
      each.startsWith("error: `rate` of an aggregation"),
    );
    expect(problems).toHaveLength(4);
    expect(problems[0]).toContain("Every release restarts pods.");
  });
});

describe("a range that is not shorter than `for`", () => {
  test.each([
    ["sum(rate(a[5m]))", "5m", ["warning"]],
    ["sum(rate(a[10m]))", "5m", ["warning"]],
    ["sum(rate(a[300]))", "5m", ["warning"]],
    ["max_over_time(a[5m:15s])", "5m", ["warning"]],
    ["sum(rate(a[4m45s]))", "5m", []],
    ["sum(rate(a[1m]) - rate(a[1m] offset 1h))", "5m", []],
    ["sum(rate(a[1m]))", "0s", []],
    ["sum(a)", "5m", []],
  ])("%s for %s", (text, time, severities) => {
    const problems = told(`expr: ${text}\nabove: 5\nfor: ${time}`);
    expect(problems.map((each) => each.split(":")[0])).toEqual(severities);
    for (const each of problems) expect(each).toContain("one burst stays in the value");
  });

  test("is told once for a ratio, at its longer side", () => {
    const trigger = "ratio: {errors: 'sum(rate(a[5m]))', total: 'sum(rate(a[10m]))'}\nabove: 5%\nfor: 5m";
    const { problems } = parseRules("rules.yaml", rulesWith({ trigger }));
    expect(problems).toMatchObject([{ severity: "warning", rule: "window", line: 7, column: 52 }]);
  });
});

describe("the expression of a release leaves one label, which names the version", () => {
  const release = (text: string) => {
    const policy = `target: {script: true, release: {expr: '${text}'}}`;
    const file = rulesWith({ policy, rollback: "strategy: script, script: {command: [a]}" });
    return parseRules("rules.yaml", file).problems.map(
      ({ severity, rule, message }) =>
        `${severity} ${rule} ${/Write `([^`]*)`|`(count by[^`]*)`/.exec(message)?.slice(1).find(Boolean) ?? message}`,
    );
  };

  test.each([
    "count by (version) (app_info)",
    "max by (version) (app_info == 1)",
    "sum by (version) (app_info) > 0",
    "group(app_info) by (version)",
    'count_values("version", app_build)',
    "topk(1, count by (version) (app_info))",
    'count by (version) (label_replace(app_info, "version", "$1", "image", ".*:(.*)"))',
    "count without (pod) (count by (pod, version) (app_info))",
    "max by (version) (app_info * on (pod) group_left (version) pods)",
  ])("%s is fine", (text) => {
    expect(release(text)).toEqual([]);
  });

  test.each([
    ["app_info", "error target count by (version) (app_info)"],
    ['app_info{app="x"} == 1', 'error target count by (version) (app_info{app="x"} == 1)'],
    ["max_over_time(app_info[1m])", "error target count by (version) (max_over_time(app_info[1m]))"],
    ["count without (pod) (app_info)", "error target count by (version) (count without (pod) (app_info))"],
    [
      "count by (version, pod) (app_info)",
      "error target count by (version) (count by (version, pod) (app_info))",
    ],
    [
      "max by (image_tag, pod) (app_info)",
      "error target count by (image_tag) (max by (image_tag, pod) (app_info))",
    ],
    ["topk(1, app_info)", "error target count by (version) (topk(1, app_info))"],
  ])("%s is refused", (text, problem) => {
    expect(release(text)).toEqual([problem]);
  });

  test("a result without a label is refused: a count of pods would be a version", () => {
    const policy = "target: {script: true, release: {expr: count(app_info)}}";
    const file = rulesWith({ policy, rollback: "strategy: script, script: {command: [a]}" });
    const [problem] = parseRules("rules.yaml", file).problems;
    expect(problem).toMatchObject({ severity: "error", rule: "target" });
    expect(problem?.message).toContain('write `count_values("version", count(app_info))`');
  });
});
