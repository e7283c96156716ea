import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { loadRules, parseRules } from "../../src/rules/load.ts";
import { targetKey } from "../../src/rules/policy.ts";
import { isError } from "../../src/rules/problem.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { policyIn, rulesWith, triggerIn } from "./written.ts";

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(path, name), text);
  }
  return path;
}

const EXAMPLE = join(import.meta.dirname, "../../rules/vcci-api.yaml");

describe("the example that is shipped", () => {
  test("loads without a problem and means what the mission says", async () => {
    const { policies, problems } = await loadRules(EXAMPLE);
    expect(problems).toEqual([]);
    expect(policies).toHaveLength(1);
    const [policy] = policies;
    expect(policy).toMatchObject({
      name: "vcci-api",
      mode: "enforce",
      intervalMs: 15_000,
      target: { kind: "deployment", namespace: "vcci-production", deployment: "vcci-api" },
      guard: 86_400_000,
      notify: ["slack", "pagerduty"],
      rollback: { strategy: { kind: "deployment" }, timeoutMs: 600_000, verify: { recoveryMs: 600_000 } },
    });
    expect(policy?.triggers).toMatchObject([
      {
        name: "error-rate",
        query: { kind: "ratio", minTotal: 1 },
        threshold: { op: "above", value: 0.05, text: "5%" },
        forMs: 300_000,
        maxGapMs: 60_000,
        rangeMs: 60_000,
      },
      { name: "p95-latency", threshold: { op: "above", value: 2, text: "2000ms" }, forMs: 300_000 },
      { name: "health", kind: "health", probe: { intervalMs: 10_000, timeoutMs: 2000 }, failures: 3 },
      { name: "critical-vulnerability", mode: "enforce", atLeast: "critical", ignore: [] },
    ]);
  });
});

describe("meaning", () => {
  test("what is left out gets its default", () => {
    expect(policyIn(rulesWith())).toMatchObject({
      mode: "observe",
      intervalMs: 15_000,
      queryOffsetMs: 0,
      guard: 3_600_000,
      watchMs: 86_400_000,
      cooldownMs: 900_000,
      budget: { rollbacks: 1, perMs: 86_400_000 },
      provenAfterMs: 3_600_000,
      blindAfterMs: 120_000,
      noDataAfterMs: 600_000,
      approvalTimeoutMs: 1_800_000,
      notify: [],
      runbook: undefined,
      rollback: { timeoutMs: 600_000, verify: { probe: undefined, smoke: undefined, recoveryMs: 600_000 } },
      triggers: [{ breachRatio: 1, minCoverage: 0.8, maxGapMs: 60_000, aggregate: undefined }],
      source: { file: "rules.yaml", line: 2 },
    });
  });

  test("a vulnerability asks before it acts, unless it is told not to, and never goes beyond its policy", () => {
    const modeOf = (policyMode: string, mode = "") => {
      const policy = `target: {namespace: shop, deployments: [api]}\nmode: ${policyMode}\nnotify: [slack]`;
      return triggerIn(rulesWith({ policy, trigger: `vulnerability: {severity: high}${mode}` })).mode;
    };
    expect(modeOf("enforce")).toBe("approve");
    expect(modeOf("enforce", "\nmode: enforce")).toBe("enforce");
    expect(modeOf("observe")).toBe("observe");
  });

  test("a vulnerability is accepted to the end of its last day, in UTC", () => {
    const ignore = "[{id: CVE-1, until: 2026-12-31, reason: not reachable}]";
    expect(
      triggerIn(rulesWith({ trigger: `vulnerability: {severity: high, ignore: ${ignore}}` })),
    ).toMatchObject({
      ignore: [{ id: "CVE-1", endsAt: Date.UTC(2027, 0, 1), reason: "not reachable" }],
    });
  });

  test("a script target carries its command, its release and a guard without end", () => {
    const text = [
      "policies:",
      "  - name: api",
      "    target: {script: true, namespace: shop, release: {expr: max by (version) (build_info)}}",
      "    guard: always",
      "    triggers: [{name: health, probe: {url: 'http://a/'}, severity: warning}]",
      "    rollback:",
      "      strategy: script",
      "      script: {command: [bash, rollback.sh], cwd: /srv, env: {COLOR: blue}, timeout: 3m}",
      "      precheck: {command: [check.sh]}",
      "      verify: {smoke: {command: [smoke.sh]}, probe: {url: 'http://a/', successes: 5}}",
    ].join("\n");
    expect(policyIn(text)).toMatchObject({
      target: { kind: "script", namespace: "shop", releaseExpr: "max by (version) (build_info)" },
      guard: "always",
      triggers: [{ severity: "warning" }],
      rollback: {
        strategy: {
          kind: "script",
          script: {
            command: ["bash", "rollback.sh"],
            cwd: "/srv",
            env: { COLOR: "blue" },
            timeoutMs: 180_000,
          },
        },
        precheck: { command: ["check.sh"], cwd: undefined, env: {}, timeoutMs: 20_000 },
        verify: {
          smoke: { command: ["smoke.sh"], timeoutMs: 300_000 },
          probe: { probe: { url: "http://a/", intervalMs: 10_000 }, successes: 5 },
        },
      },
    });
  });

  test("a Service and the two values of a label that it switches between are a blue/green target", () => {
    const text = rulesWith({
      policy: "target: {namespace: shop, service: api, colors: {label: color, values: [blue, green]}}",
    }).replace("strategy: deployment", "strategy: blue-green");
    const policy = policyIn(text);
    expect(policy).toMatchObject({
      target: {
        kind: "blue-green",
        namespace: "shop",
        service: "api",
        label: "color",
        colors: ["blue", "green"],
      },
      rollback: { strategy: { kind: "blue-green" } },
    });
    expect(targetKey(policy)).toBe("shop/service/api");
  });

  test.each([
    ["enforce", "observe", "observe"],
    ["enforce", "approve", "approve"],
    ["observe", "enforce", "observe"],
    ["approve", "enforce", "approve"],
  ])("in a policy that may %s, a trigger written %s may %s", (policy, trigger, effective) => {
    const text = rulesWith({
      policy: `target: {namespace: shop, deployments: [api]}\nmode: ${policy}`,
      trigger: `expr: a\nabove: 1\nfor: 1m\nmode: ${trigger}`,
    });
    expect(parseRules("rules.yaml", text).policies[0]?.triggers[0]?.mode).toBe(effective);
  });

  test.each([
    ["sum(rate(a[1m]))", 60_000],
    ["max_over_time(sum(rate(a[1m]))[10m:30s])", 660_000],
    ["max_over_time(rate(a[1m])[10m:] offset 1h)", 4_260_000],
    ["a - a offset 1d", 86_400_000],
    ["rate(a[1m]) / rate(b[5m])", 300_000],
    ["a", 0],
  ])("%s looks back %d ms", (expr, rangeMs) => {
    expect(triggerIn(rulesWith({ trigger: `expr: ${expr}\nabove: 1\nfor: 1d` }))).toMatchObject({ rangeMs });
  });
});

describe("a folder of rules", () => {
  test("every rules file is read in order; tests, dot entries and other files are not", async () => {
    const path = await folderWith({
      "b.yml": rulesWith({ name: "b" }),
      "a.yaml": rulesWith({ name: "a" }),
      "a.test.yaml": "tests: []",
      "b.test.yml": "tests: []",
      ".hidden.yml": "nonsense",
      ".hidden.yaml": "nonsense",
      "notes.txt": "nonsense",
    });
    const { policies, problems } = await loadRules(path);
    expect(problems).toEqual([]);
    expect(policies.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("a mounted ConfigMap, with its links and its hidden folders, is read once", async () => {
    const path = await folderWith({});
    await mkdir(join(path, "..2026_01_01"));
    await writeFile(join(path, "..2026_01_01", "a.yaml"), rulesWith());
    await symlink("..2026_01_01", join(path, "..data"));
    await symlink("..data/a.yaml", join(path, "a.yaml"));
    const { policies, problems } = await loadRules(path);
    expect(problems).toEqual([]);
    expect(policies).toHaveLength(1);
  });

  test("two policies of one name are an error that names both places", async () => {
    const path = await folderWith({ "a.yaml": rulesWith(), "b.yaml": `# second\n${rulesWith()}` });
    const { policies, problems } = await loadRules(path);
    expect(policies).toEqual([]);
    expect(problems).toMatchObject([
      { file: join(path, "b.yaml"), line: 3, column: 11, severity: "error", rule: "duplicate-name" },
    ]);
    expect(problems[0]?.message).toContain(`${join(path, "a.yaml")}:2`);
  });

  test("a folder leaves out a `*.yml` file, with a warning that names both, when a `*.yaml` file has its policy", async () => {
    // The parked copy comes first by name, and has a second policy that clashes with nothing.
    const parked = `${rulesWith()}${rulesWith({ name: "other" }).replace("policies:\n", "")}`;
    const path = await folderWith({ "a.yml": parked, "b.yaml": rulesWith(), "c.yml": rulesWith() });
    const { policies, problems } = await loadRules(path);
    expect(policies.map(({ source }) => source.file)).toEqual([join(path, "b.yaml")]);
    expect(problems).toMatchObject([
      { file: join(path, "a.yml"), line: 2, column: 11, severity: "warning", rule: "duplicate-name" },
      { file: join(path, "c.yml"), line: 2, column: 11, severity: "warning", rule: "duplicate-name" },
    ]);
    expect(problems[0]?.message).toBe(
      `${join(path, "b.yaml")}:2 has a policy \`api\`, too, so nothing of ${join(path, "a.yml")} is in force. ` +
        `Delete ${join(path, "a.yml")}, or rename it to end in \`.off\`.`,
    );
  });

  test("a folder leaves out a `*.yml` file when a `*.yaml` file acts on its target", async () => {
    const acting = "target: {namespace: shop, deployments: [api]}\nmode: enforce";
    const path = await folderWith({
      "a.yml": rulesWith({ name: "old", policy: acting }),
      "b.yaml": rulesWith({ name: "new", policy: acting }),
    });
    const { policies, problems } = await loadRules(path);
    expect(policies.map(({ name }) => name)).toEqual(["new"]);
    expect(problems).toMatchObject([{ file: join(path, "a.yml"), severity: "warning", rule: "target" }]);
  });

  test("two policies of one name are an error when both are in `*.yml` files, and when their files are named", async () => {
    const path = await folderWith({
      "a.yml": rulesWith(),
      "b.yml": rulesWith(),
      "c.yaml": rulesWith({ name: "c" }),
    });
    const folder = await loadRules(path);
    expect(folder.problems.map(({ severity }) => severity)).toEqual(["error"]);
    const named = await loadRules(join(path, "a.yml"), join(path, "c.yaml"));
    expect(named.policies.map(({ name }) => name)).toEqual(["api", "c"]);
    await writeFile(join(path, "c.yaml"), rulesWith());
    expect((await loadRules(join(path, "a.yml"), join(path, "c.yaml"))).problems).toMatchObject([
      { severity: "error", rule: "duplicate-name" },
    ]);
  });

  test("two policies that act on one target are an error; one that acts and one that watches are not", async () => {
    const acting = "target: {namespace: shop, deployments: [api]}\nmode: enforce";
    const first = rulesWith({ name: "a", policy: acting });
    const both = await folderWith({ "a.yaml": first, "b.yaml": rulesWith({ name: "b", policy: acting }) });
    expect((await loadRules(both)).problems).toMatchObject([
      { file: join(both, "b.yaml"), line: 3, column: 13, severity: "error", rule: "target" },
    ]);
    const one = await folderWith({ "a.yaml": first, "b.yaml": rulesWith({ name: "b" }) });
    expect((await loadRules(one)).problems).toEqual([]);
  });

  test("two policies that switch one Service act on one target", async () => {
    const policy =
      "target: {namespace: shop, service: api, colors: {label: color, values: [a, b]}}\nmode: enforce";
    const [a, b] = ["a", "b"].map((name) =>
      rulesWith({ name, policy }).replace("strategy: deployment", "strategy: blue-green"),
    );
    const { problems } = await loadRules(await folderWith({ "a.yaml": a ?? "", "b.yaml": b ?? "" }));
    expect(problems).toMatchObject([{ line: 3, column: 13, rule: "target" }]);
    expect(problems[0]?.message).toContain("already acts on shop/service/api");
  });

  test("trap 25: two groups that share a Deployment act on one target, and so does a policy for a member", async () => {
    const acting = (names: string) => `target: {namespace: shop, deployments: [${names}]}\nmode: enforce`;
    const group = rulesWith({ name: "a", policy: acting("api, worker") });
    for (const names of ["cron, worker", "worker"]) {
      const other = rulesWith({ name: "b", policy: acting(names) });
      const { problems } = await loadRules(await folderWith({ "a.yaml": group, "b.yaml": other }));
      expect(problems).toMatchObject([{ line: 3, rule: "target" }]);
      expect(problems[0]?.message).toContain("already acts on shop/worker.");
    }
    const apart = rulesWith({ name: "b", policy: acting("cron, mail") });
    const { policies, problems } = await loadRules(await folderWith({ "a.yaml": group, "b.yaml": apart }));
    expect(problems).toEqual([]);
    expect(policies[0]?.target).toEqual({ kind: "group", namespace: "shop", deployments: ["api", "worker"] });
    expect(policies.map(targetKey)).toEqual(["shop/api+worker", "shop/cron+mail"]);
  });

  test("a StatefulSet is a target of its own, apart from a Deployment of the same name", async () => {
    const acting = (kind: string, strategy: string) =>
      rulesWith({
        name: kind,
        policy: `target: {namespace: shop, ${kind}: [db]}\nmode: enforce`,
        rollback: `strategy: ${strategy}`,
      });
    const files = {
      "a.yaml": acting("statefulsets", "statefulset"),
      "b.yaml": acting("deployments", "deployment"),
    };
    const { policies, problems } = await loadRules(await folderWith(files));
    expect(problems).toEqual([]);
    expect(policies.map(targetKey)).toEqual(["shop/statefulset/db", "shop/db"]);
    expect(policies[0]).toMatchObject({
      target: { kind: "statefulset", namespace: "shop", statefulSet: "db" },
      rollback: { strategy: { kind: "statefulset" } },
    });
    const twice = rulesWith({
      name: "c",
      policy: "target: {namespace: shop, statefulsets: [db]}\nmode: enforce",
      rollback: "strategy: statefulset",
    });
    const clash = await loadRules(await folderWith({ ...files, "c.yaml": twice }));
    expect(clash.problems[0]?.message).toContain("already acts on shop/statefulset/db.");
  });

  test("one broken file keeps all of them out of force", async () => {
    const path = await folderWith({ "a.yaml": rulesWith({ name: "a" }), "b.yaml": "policies: 5" });
    const { policies, problems } = await loadRules(path);
    expect(policies).toEqual([]);
    expect(problems.every(({ file }) => file === join(path, "b.yaml"))).toBe(true);
  });

  test("what is not there or holds nothing is a problem, not a crash", async () => {
    const path = await folderWith({});
    const { problems } = await loadRules(path, join(path, "none.yaml"));
    expect(problems.map(({ rule }) => rule)).toEqual(["empty", "file"]);
  });

  test("a folder in the place of a file says that it cannot be read", async () => {
    const path = await folderWith({});
    await mkdir(join(path, "a.yaml"));
    const { problems } = await loadRules(path);
    expect(problems).toMatchObject([{ file: join(path, "a.yaml"), severity: "error", rule: "file" }]);
  });
});

describe("loading never throws", () => {
  const sane = (text: string) => {
    const { policies, problems } = parseRules("rules.yaml", text);
    const lines = text.split("\n");
    for (const { line, column } of problems) {
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    }
    // Refused in silence would be as bad as a crash.
    expect(policies.length > 0).toBe(!problems.some(isError));
  };
  test("on any text", () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: "binary" }));
    expect(() => fc.assert(fc.property(texts, sane))).not.toThrow();
  });

  test("on any YAML", () => {
    const files = fc.anything({ maxDepth: 4 }).map((value) => stringify(value) ?? "");
    expect(() => fc.assert(fc.property(files, sane))).not.toThrow();
  });

  test("on a sound file in which any characters were replaced", () => {
    const text = rulesWith();
    const edited = fc
      .tuple(fc.nat(text.length), fc.nat(12), fc.string({ maxLength: 5 }))
      .map(([at, length, by]) => text.slice(0, at) + by + text.slice(at + length));
    expect(() => fc.assert(fc.property(edited, sane), { numRuns: 500 })).not.toThrow();
  });

  test("on a sound shape with any values", () => {
    const keys = [
      "name",
      "mode",
      "target",
      "guard",
      "triggers",
      "rollback",
      "interval",
      "expr",
      "for",
      "probe",
    ];
    const value = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("api", "5m", 5, true, null, "always", "deployment", "sum(rate(a[5m]", "%"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie("tree"), { maxKeys: 6 }),
      ),
    })).tree;
    const files = fc.array(value, { maxLength: 2 }).map((policies) => stringify({ policies }));
    expect(() => fc.assert(fc.property(files, sane), { numRuns: 300 })).not.toThrow();
  });
});
