import { describe, expect, test } from "vitest";
import { messagesIn, problemsIn, rulesWith, triggerIn } from "./written.ts";

/* In these files the policy's own lines begin at 3:5, the trigger's at 7:9. */
const metric = "expr: sum(rate(errors_total[1m]))";

describe("a mistake is told with its line and column", () => {
  const ofTrigger: readonly (readonly [string, string, readonly string[]])[] = [
    ["an unknown key", `${metric}\nabvoe: 5\nfor: 5m`, ["6:9 error missing-key", "8:9 error unknown-key"]],
    ["no threshold", `${metric}\nfor: 5m`, ["6:9 error missing-key"]],
    ["both thresholds", `${metric}\nabove: 5\nbelow: 1\nfor: 5m`, ["9:9 error misplaced-key"]],
    ["no `for`", `${metric}\nabove: 5`, ["6:9 error missing-key"]],
    ["a duration in words", `${metric}\nabove: 5\nfor: 5 minutes`, ["9:14 error wrong-value"]],
    ["a number without a unit as duration", `${metric}\nabove: 5\nfor: 300`, ["9:14 error wrong-value"]],
    ["a threshold in words", `${metric}\nabove: five\nfor: 5m`, ["8:16 error wrong-value"]],
    ["a share above 1", `${metric}\nabove: 5\nfor: 5m\nminCoverage: 80`, ["10:22 error wrong-value"]],
    ["two measures", `${metric}\nprobe: {url: "http://a/"}\nabove: 5\nfor: 5m`, ["6:9 error wrong-value"]],
    ["no measure", "above: 5\nfor: 5m", ["6:9 error wrong-value"]],
    ["`failures` without a probe", `${metric}\nabove: 5\nfor: 5m\nfailures: 3`, ["10:9 error misplaced-key"]],
    ["`minTotal` without a ratio", `${metric}\nabove: 5\nfor: 5m\nminTotal: 3`, ["10:9 error misplaced-key"]],
    ["`for` with a probe", 'probe: {url: "http://a/"}\nfor: 5m', ["8:9 error misplaced-key"]],
    ["a probe slower than its interval", 'probe: {url: "http://a/", timeout: 10s}', ["7:16 error probe"]],
    ["a password in an address", 'probe: {url: "http://u:p@a/"}', ["7:22 error probe"]],
    [
      "a status that is none",
      'probe: {url: "http://a/", expect: {status: [200, 2x, 99]}}',
      ["7:58 error wrong-value", "7:62 error wrong-value"],
    ],
    ["TLS without https", 'probe: {url: "http://a/", tls: {insecure: true}}', ["7:35 error misplaced-key"]],
    [
      "authorities, and none needed",
      'probe: {url: "https://a/", tls: {ca: a.pem, insecure: true}}',
      ["7:53 error misplaced-key"],
    ],
    ["an address without a host", 'probe: {url: "http://:80/"}', ["7:22 error probe"]],
    ["`for` below the interval", `expr: sum(errors_total)\nabove: 5\nfor: 5s`, ["9:14 warning window"]],
    ["a window of 11,001 slots", `${metric}\nabove: 5\nfor: 165000s`, ["9:14 error window"]],
    [
      "a trigger that would go beyond its policy",
      `${metric}\nabove: 5\nfor: 5m\nmode: enforce`,
      ["10:15 warning mode"],
    ],
    ["a rollout that does something else", "rollout: slow", ["7:18 error wrong-value"]],
    [
      "`for` and `failures` with a rollout",
      "rollout: stalled\nfor: 5m\nfailures: 2",
      ["8:9 error misplaced-key", "9:9 error misplaced-key"],
    ],
    ["a ratio above 5 times", "ratio: {errors: a, total: b}\nabove: 5\nfor: 5m", ["8:16 error units"]],
    ["a veto that is no vector", `${metric}\nabove: 5\nfor: 5m\nunless: up[5m]`, ["10:17 error promql"]],
    ["a severity that is none", "vulnerability: {severity: severe}", ["7:35 error wrong-value"]],
    ["a vulnerability without its severity", "vulnerability: {}", ["7:24 error missing-key"]],
    [
      "`for` and `above` with a vulnerability",
      "vulnerability: {severity: high}\nfor: 5m\nabove: 3",
      ["8:9 error misplaced-key", "9:9 error misplaced-key"],
    ],
    [
      "an accepted vulnerability without an end, and one without a reason",
      "vulnerability: {severity: high, ignore: [{id: CVE-1, reason: no}, {id: CVE-1, until: 2026-12-31}]}",
      ["7:50 error missing-key", "7:75 error missing-key"],
    ],
    [
      "a day that there is not",
      "vulnerability: {severity: high, ignore: [{id: CVE-1, reason: no, until: 2026-02-30}]}",
      ["7:81 error wrong-value"],
    ],
  ];
  test.each(ofTrigger)("%s", (_, trigger, expected) => {
    expect(problemsIn(rulesWith({ trigger }))).toEqual(expected);
  });

  const target = "target: {namespace: shop, deployments: [api]}";
  const SERVICE = "namespace: shop, service: a, colors: {label: c, values: [b, g]}";
  const ofPolicy: readonly (readonly [string, string, readonly string[]])[] = [
    ["one Deployment twice", "target: {namespace: shop, deployments: [a, a]}", ["3:44 error wrong-value"]],
    [
      "more Deployments than one group may have",
      "target: {namespace: shop, deployments: [a, b, c, d, e, f, g, h, i, j, k]}",
      ["3:44 error wrong-value"],
    ],
    ["a Deployment without its namespace", "target: {deployments: [a]}", ["3:13 error target"]],
    ["a Service without its colors", "target: {service: a, namespace: shop}", ["3:13 error target"]],
    ["a Service beside Deployments", `target: {${SERVICE}, deployments: [a]}`, ["3:13 error target"]],
    ["three colors", `target: {${SERVICE.replace("[b, g]", "[b, g, r]")}}`, ["3:70 error wrong-value"]],
    ["one color twice", `target: {${SERVICE.replace("[b, g]", "[b, b]")}}`, ["3:70 error wrong-value"]],
    ["a Deployment's strategy for a Service", `target: {${SERVICE}}`, ["4:26 error target"]],
    ["a word that is none for gitops", `${target}\ngitops: fight`, ["4:13 error wrong-value"]],
    ["two StatefulSets", "target: {namespace: shop, statefulsets: [a, b]}", ["3:45 error wrong-value"]],
    [
      "a StatefulSet and a Deployment",
      "target: {namespace: shop, statefulsets: [a], deployments: [a]}",
      ["3:13 error target"],
    ],
    [
      "a Deployment's strategy for a StatefulSet",
      "target: {namespace: shop, statefulsets: [a]}",
      ["4:26 error target"],
    ],
    ["an unknown channel", `${target}\nnotify: [slak]`, ["4:14 error wrong-value"]],
    [
      "a text for users with a field that there is not",
      `${target}\nstatusPage: {title: "{policy}", created: "A {value} b {from} {}", maintenance: {begun: "{at}"}}`,
      ["4:49 error wrong-value", "4:66 error wrong-value", "4:93 error wrong-value"],
    ],
    ["a text for users that is empty", `${target}\nstatusPage: {updated: ""}`, ["4:27 error wrong-value"]],
    [
      "a status that Statuspage does not know",
      `${target}\nstatusPage: {components: {c1: broken}}`,
      ["4:35 error wrong-value"],
    ],
    ["an unknown stage of the status page", `${target}\nstatusPage: {begun: a}`, ["4:18 error unknown-key"]],
    ["an unknown mode", `${target}\nmode: enforced`, ["4:11 error wrong-value"]],
    ["a name that is no name", `${target}\nrunbook: wiki`, ["4:14 error wrong-value"]],
    ["an interval of no time", `${target}\ninterval: 0s`, ["4:15 error wrong-value"]],
    ["an interval below a second", `${target}\ninterval: 500ms`, ["4:15 error window"]],
    ["`always` for a Deployment", `${target}\nguard: always`, ["4:12 error target"]],
    [
      "a Deployment's strategy for a script target",
      "target: {script: true}\nguard: always",
      ["5:26 error target"],
    ],
    [
      "a script target that never sees a release",
      "target: {script: true}",
      ["3:13 warning target", "4:26 error target"],
    ],
    ["a script target that is not", "target: {script: false}", ["3:22 error wrong-value"]],
  ];
  test.each(ofPolicy)("%s", (_, policy, expected) => {
    expect(problemsIn(rulesWith({ policy }))).toEqual(expected);
  });

  const files: readonly (readonly [string, string, readonly string[]])[] = [
    ["an empty file", "# nothing\n", ["1:1 error empty"]],
    ["no policies", "policies: []\n", ["1:11 error wrong-value"]],
    ["a policy that is empty", "policies:\n  -\n", ["2:4 error wrong-value"]],
    ["a list in place of a map", "- a\n", ["1:1 error wrong-value"]],
    ["a key twice", "policies: []\npolicies: []\n", ["2:1 error yaml"]],
    ["an open bracket", "policies: [\n", ["2:1 error yaml"]],
    ["an alias to nothing", "policies: *none\n", ["1:1 error yaml"]],
    ["two documents", "policies: []\n---\npolicies: []\n", ["2:1 error yaml"]],
    ["a file of a megabyte", `# ${"x".repeat(1_000_000)}`, ["1:1 error yaml"]],
  ];
  test.each(files)("%s", (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected);
  });

  // Where the parser gives up depends on how much of the stack was left to it.
  test("nesting without end", () => {
    const nested = `policies: ${"[".repeat(5000)}${"]".repeat(5000)}`;
    expect(problemsIn(nested)).toEqual([expect.stringMatching(/^1:\d+ error yaml$/)]);
  });

  test("aliases that multiply are refused, not followed", () => {
    const lines = ["a0: &a0 [x, x]"];
    for (let level = 1; level < 30; level += 1) {
      lines.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    }
    expect(problemsIn(lines.join("\n"))).toEqual(["1:1 error yaml"]);
  });

  test("several mistakes are told at once, also those of expressions beside them", () => {
    const trigger = `${metric.replace("[1m]", "")}\nabove: 5\nfor: ever\nsum: 1`;
    const policy = "target: {namespace: shop, deployments: [api]}\nmod: enforce\nnotify: [mail]";
    expect(problemsIn(rulesWith({ trigger, policy }))).toEqual([
      "4:5 error unknown-key",
      "5:14 error wrong-value",
      "9:24 error promql",
      "11:14 error wrong-value",
      "12:9 error unknown-key",
    ]);
  });
});

describe("messages say what to do", () => {
  test("a misspelt key names the key that was meant", () => {
    expect(messagesIn(rulesWith({ trigger: `${metric}\nabvoe: 5\nabove: 5\nfor: 5m` }))).toEqual([
      "This trigger has no key `abvoe`. Did you mean `above`?",
    ]);
  });

  test("a key that resembles none gets the list", () => {
    const [message] = messagesIn(rulesWith({ trigger: `${metric}\nzzz: 5\nabove: 5\nfor: 5m` }));
    expect(message).toContain("Known here: name, ratio, expr");
  });

  test.each([
    ["1m", []],
    ["5m", ["4:76 warning window"]],
  ])("a precheck may hold evaluations up for a minute, not for longer: %s", (timeout, expected) => {
    const rollback = `strategy: deployment, precheck: {command: [check], timeout: ${timeout}}`;
    expect(problemsIn(rulesWith({ rollback }))).toEqual(expected);
  });

  test("a rollout can only be seen of a Deployment", () => {
    const policy = "target: {script: true}\nguard: always";
    expect(messagesIn(rulesWith({ policy, trigger: "rollout: stalled" }))).toContain(
      "Only a Deployment's rollout can be seen, and this target is `script: true`. Use `probe` or `expr`.",
    );
    expect(triggerIn(rulesWith({ trigger: "rollout: stalled" }))).toMatchObject({
      kind: "rollout",
      name: "first",
    });
  });

  test.each([
    [
      "script: true",
      "deployment",
      "needs a target with `deployments`; this one is `script: true`. Use `strategy: script`.",
    ],
    [
      "namespace: a, service: a, colors: {label: c, values: [b, g]}",
      "deployment",
      "needs a target with `deployments`; this one has `service`. Use `strategy: blue-green`.",
    ],
    [
      "namespace: a, deployments: [a]",
      "blue-green",
      "needs a target with `service`; this one has `deployments`. Use `strategy: deployment`.",
    ],
  ])("a strategy that does not go with the target names the one that does: %s", (target, strategy, said) => {
    const text = rulesWith({ policy: `target: {${target}}` }).replace(
      "strategy: deployment",
      `strategy: ${strategy}`,
    );
    expect(messagesIn(text)).toContain(`\`${strategy}\` ${said}`);
  });

  test("one colour is no choice", () => {
    const policy = "target: {namespace: a, service: a, colors: {label: c, values: [b]}}";
    expect(messagesIn(rulesWith({ policy }))).toEqual(['`values` needs 2 of them; here it is `["b"]`.']);
  });

  test.each(["daemonsets", "replicasets", "jobs", "cronjobs", "rollouts"])(
    "a kind that cannot be rolled back is refused by its name: %s",
    (kind) => {
      const policy = `target: {namespace: shop, ${kind}: [api]}`;
      expect(messagesIn(rulesWith({ policy }))).toEqual([
        `\`${kind}\` is not supported by this version. Use \`script: true\`, with a script that puts the earlier version back.`,
      ]);
    },
  );

  test("StatefulSets are not moved together", () => {
    const policy = "target: {namespace: shop, statefulsets: [a, b]}";
    expect(messagesIn(rulesWith({ policy }))).toContain(
      '`statefulsets` can name 1 at most; here it is `["a","b"]`.',
    );
  });

  test("a part of a later version is not called unknown", () => {
    const policy = "target: {namespace: shop, deployments: [api]}\ntargets: []";
    expect(messagesIn(rulesWith({ policy }))).toEqual([
      "`targets` is not supported by this version. Write one policy with `target` for each Deployment.",
    ]);
  });
});

describe("PromQL is shown where it is wrong in the file, however YAML writes it", () => {
  const styles: readonly (readonly [string, string, string])[] = [
    ["plain", "expr: sum(rate(a))", "7:24"],
    ["plain over two lines", "expr: sum(\n  rate(a))", "8:16"],
    ["single quotes", "expr: 'sum(rate(a{b=''c''}))'", "7:25"],
    ["double quotes", String.raw`expr: "sum(x{b=\"c\"}) + rate(a)"`, "7:39"],
    ["escapes", String.raw`expr: "sum(x{b=~\"\\d\\d\x41\u0041\"}) + rate(a)"`, "7:55"],
    ["a block that begins like its header", "expr: |-\n  -a[5m]", "8:11"],
    ["a block", "expr: |\n  sum(\n    rate(a)\n  )", "9:18"],
    ["a folded block", "expr: >-\n  sum(\n  rate(a)\n  )", "9:16"],
  ];
  test.each(styles)("%s", (_, expr, place) => {
    expect(problemsIn(rulesWith({ trigger: `${expr}\nabove: 5\nfor: 5m` }))).toEqual([
      `${place} error promql`,
    ]);
  });
});

describe("units", () => {
  const p95 = "expr: histogram_quantile(0.95, sum by (le) (rate(http_seconds_bucket[1m])))";
  test("trap 15: a bare 2000 on an expression in seconds is an error, and says how to write it", () => {
    const text = rulesWith({ trigger: `${p95}\nabove: 2000\nfor: 5m` });
    expect(problemsIn(text)).toEqual(["8:16 error units"]);
    expect(messagesIn(text)).toEqual([
      "The expression is in seconds, so `above: 2000` means 2000 seconds. Write `2000ms` or `2000s`.",
    ]);
  });

  const fine: readonly string[] = [
    `${p95}\nabove: 2000ms`,
    `${p95}\nabove: 99`,
    `${p95} * 1000\nabove: 2000`,
    "expr: sum(rate(http_seconds_count[1m]))\nabove: 2000",
    "expr: sum(rate(http_seconds_sum[1m]))\nabove: 2000",
    "expr: count(http_seconds)\nabove: 2000",
    "expr: time() - max(last_success_timestamp_seconds)\nabove: 7200",
    "expr: max(queue_milliseconds)\nabove: 2000",
  ];
  test.each(fine)("no false alarm: %s", (trigger) => {
    expect(problemsIn(rulesWith({ trigger: `${trigger}\nfor: 5m` }))).toEqual([]);
  });

  const wrong: readonly string[] = [
    "expr: rate(http_seconds_sum[1m]) / rate(http_seconds_count[1m])\nabove: 500",
    "expr: max(job_seconds)\nbelow: 500",
    'expr: avg({__name__="job_seconds"})\nabove: 500',
    "expr: max(queue_milliseconds)\nabove: 2s",
  ];
  test.each(wrong)("an error: %s", (trigger) => {
    expect(problemsIn(rulesWith({ trigger: `${trigger}\nfor: 5m` }))).toEqual(["8:16 error units"]);
  });
});

describe("who is to be asked must hear of it", () => {
  const scan = "vulnerability: {severity: high}";
  const told = (mode: string, trigger: string, notify: string) =>
    problemsIn(
      rulesWith({
        trigger,
        policy: `target: {namespace: shop, deployments: [api]}\nmode: ${mode}\nnotify: ${notify}`,
      }),
    );

  test.each([
    ["approve", `${metric}\nabove: 5\nfor: 5m`, "[]", true],
    ["approve", `${metric}\nabove: 5\nfor: 5m`, "[statuspage]", true],
    ["approve", `${metric}\nabove: 5\nfor: 5m`, "[webhook]", false],
    ["approve", `${metric}\nabove: 5\nfor: 5m\nmode: observe`, "[]", false],
    ["enforce", `${metric}\nabove: 5\nfor: 5m\nmode: approve`, "[]", true],
    ["enforce", `${metric}\nabove: 5\nfor: 5m`, "[]", false],
    ["enforce", scan, "[]", true],
    ["enforce", `${scan}\nmode: enforce`, "[]", false],
    ["observe", scan, "[]", false],
  ])("%s, %s, notify %s", (mode, trigger, notify, warned) => {
    expect(told(mode, trigger, notify)).toEqual(warned ? ["2:5 warning notify"] : []);
  });
});
