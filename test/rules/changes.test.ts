import { describe, expect, it } from "vitest";
import { hashChanges, rulesChanges } from "../../src/rules/changes.ts";
import type { MetricTrigger, Policy, Trigger } from "../../src/rules/policy.ts";
import { healthTrigger, HOUR, metricTrigger, MINUTE, policy, SECOND } from "../support/model.ts";
import { policyIn, rulesWith } from "./written.ts";

/** The lines for one policy whose meaning changed, without its name. */
function changes(before: Partial<Policy>, after: Partial<Policy>): readonly string[] {
  return rulesChanges([policy({ ...before, hash: "before" })], [policy({ ...after, hash: "after" })]).map(
    (line) => line.replace("vcci-api: ", ""),
  );
}

const ofTriggers = (before: Trigger, after: Trigger): readonly string[] =>
  changes({ triggers: [before] }, { triggers: [after] });

const metric = (change: Partial<MetricTrigger>): readonly string[] =>
  ofTriggers(metricTrigger(), metricTrigger({ hash: "h-new", ...change }));

describe("changes of rules in words", () => {
  it("name the limits of a threshold once, in the author's unit", () => {
    expect(metric({ threshold: { op: "above", value: 0.03, text: "3%" } })).toEqual([
      "error-rate: above 5 % → 3 %",
    ]);
  });

  it("name both words when a threshold turns around", () => {
    expect(metric({ threshold: { op: "below", value: 0.05, text: "5%" } })).toEqual([
      "error-rate: above 5 % → below 5 %",
    ]);
  });

  it.each<[string, Partial<MetricTrigger>]>([
    ["for", { forMs: 10 * MINUTE, maxGapMs: MINUTE }],
    ["breachRatio 100 % → 90 %", { breachRatio: 0.9 }],
    ["minCoverage 80 % → 50 %", { minCoverage: 0.5 }],
    ["maxGap", { maxGapMs: 5 * SECOND }],
    ["aggregate none → any", { aggregate: "any" }],
    ["severity none → warning", { severity: "warning" }],
    ["unless none → db_down or maintenance", { unless: ["db_down", "maintenance"] }],
    ["expr errors:ratio → errors:ratio5m", { query: { kind: "expr", expr: "errors:ratio5m" } }],
    ["mode enforce → observe", { mode: "observe" }],
  ])("name the key of a trigger: %s", (words, change) => {
    expect(metric(change)).toEqual([expect.stringContaining(`error-rate: ${words}`)]);
  });

  it("show a long query around the place where it differs", () => {
    const long = (range: string): MetricTrigger["query"] => ({
      kind: "expr",
      expr: `sum(rate(http_requests_total{namespace="vcci-production",app="vcci-api",status=~"5.."}[${range}])) / sum(rate(http_requests_total{app="vcci-api"}[1m]))`,
    });
    const [line = ""] = ofTriggers(
      metricTrigger({ query: long("1m") }),
      metricTrigger({ query: long("5m"), hash: "h-new" }),
    );
    expect(line).toMatch(/^error-rate: expr ….{20,30}\[1m\].*… → ….{20,30}\[5m\].*…$/u);
    expect(line.length).toBeLessThan(200);
  });

  it("keep a query of several lines on one line", () => {
    const [line] = metric({ query: { kind: "expr", expr: "errors:ratio\n  > 0" } });
    expect(line).toBe("error-rate: expr errors:ratio → errors:ratio > 0");
  });

  it("say that a policy's mode changed once, not for each trigger that follows it", () => {
    const triggers = (mode: Policy["mode"]) => [metricTrigger({ mode }), healthTrigger({ mode })];
    expect(
      changes(
        { mode: "observe", triggers: triggers("observe") },
        { mode: "enforce", triggers: triggers("enforce") },
      ),
    ).toEqual(["mode observe → enforce"]);
  });

  it("say which triggers and policies came and went, with the numbers of what came", () => {
    expect(changes({ triggers: [metricTrigger()] }, { triggers: [healthTrigger()] })).toEqual([
      "health: trigger added: 3 failures of http://vcci-api:8000/health/ready",
      "error-rate: trigger removed",
    ]);
    expect(rulesChanges([policy()], [policy({ name: "shop" })])).toEqual([
      "shop: policy added, mode enforce, triggers error-rate",
      "vcci-api: policy removed",
    ]);
  });

  it("say that a trigger of one name is of another kind now", () => {
    expect(ofTriggers(metricTrigger({ name: "health" }), healthTrigger())).toEqual([
      "health: metric trigger → health trigger: 3 failures of http://vcci-api:8000/health/ready",
    ]);
  });

  it("show no value of an environment variable and no password of an address", () => {
    const script = (secret: string): Partial<Policy> => ({
      triggers: [
        healthTrigger({
          probe: { url: `http://me:${secret}@api/ready`, intervalMs: 10 * SECOND, timeoutMs: SECOND },
        }),
      ],
      rollback: {
        ...policy().rollback,
        strategy: {
          kind: "script",
          script: { command: ["sh"], cwd: undefined, env: { TOKEN: secret }, timeoutMs: MINUTE },
        },
      },
    });
    const lines = changes(script("sesame-one"), script("sesame-two"));
    expect(lines).toEqual(["rollback.script.env.TOKEN changed", "health: user of probe.url changed"]);
  });

  it.each<[string, Partial<Policy>]>([
    ["interval", { intervalMs: 30 * SECOND }],
    ["queryOffset", { queryOffsetMs: MINUTE }],
    ["target", { target: { kind: "deployment", namespace: "vcci-production", deployment: "web" } }],
    ["guard", { guard: "always" }],
    ["watch", { watchMs: HOUR }],
    ["rollback.timeout", { rollback: { ...policy().rollback, timeoutMs: MINUTE } }],
    [
      "verify.recovery",
      { rollback: { ...policy().rollback, verify: { ...policy().rollback.verify, recoveryMs: MINUTE } } },
    ],
    [
      "rollback.precheck",
      {
        rollback: {
          ...policy().rollback,
          precheck: { command: ["sh", "may.sh"], cwd: undefined, env: {}, timeoutMs: MINUTE },
        },
      },
    ],
    [
      "checkpoint 4h, pool none → max(pool); must be below 80%",
      {
        checkpoints: [
          {
            at: "4h",
            atMs: 4 * HOUR,
            checks: [
              {
                kind: "metric",
                name: "pool",
                query: { kind: "expr", expr: "max(pool)" },
                must: { is: "below", value: 0.8, text: "80%" },
                versus: undefined,
              },
            ],
          },
        ],
      },
    ],
    ["cooldown", { cooldownMs: HOUR }],
    ["budget 1 per", { budget: { rollbacks: 2, perMs: 24 * HOUR } }],
    ["gitops refuse → suspend", { gitops: "suspend" }],
    ["provenAfter", { provenAfterMs: MINUTE }],
    ["blindAfter", { blindAfterMs: MINUTE }],
    ["noDataAfter", { noDataAfterMs: MINUTE }],
    ["approvalTimeout", { approvalTimeoutMs: MINUTE }],
    ["notify none → slack", { notify: ["slack"] }],
    ["runbook none → https://wiki/shop", { runbook: "https://wiki/shop" }],
    ["statusPage", { statusPage: { ...policy().statusPage, maintenanceMs: MINUTE } }],
  ])("name the key of a policy: %s", (words, change) => {
    const lines = changes({}, change);
    expect(lines.some((line) => line.startsWith(words))).toBe(true);
    expect(lines.join("\n")).not.toMatch(/undefined|\[object/u);
  });

  it("say at least that a policy changed when no line says how", () => {
    expect(changes({}, { source: { file: "other.yaml", line: 9 } })).toEqual(["changed"]);
  });

  it("are none when the rules mean the same", () => {
    expect(rulesChanges([policy()], [policy({ source: { file: "moved.yaml", line: 1 } })])).toEqual([]);
    const one = policyIn(rulesWith({ trigger: "expr: errors:ratio\nabove: 5%\nfor: 5m" }));
    const other = policyIn(rulesWith({ trigger: "for: 300s\nabove: 0.05\nexpr: errors:ratio # why" }));
    expect(rulesChanges([one], [other])).toEqual([]);
  });
});

describe("changes of rules while rollbackd was stopped", () => {
  const before = new Map([["vcci-api", new Map([["error-rate", "h1"]])]]);

  it("are none when the hashes are those of the log", () => {
    expect(hashChanges(before, [policy()])).toEqual([]);
  });

  it("name the trigger that changed, the new one and the one that is gone", () => {
    const now = policy({ triggers: [healthTrigger()] });
    expect(hashChanges(before, [now])).toEqual([
      "vcci-api: health: trigger added",
      "vcci-api: error-rate: trigger removed",
    ]);
    expect(hashChanges(before, [policy({ triggers: [metricTrigger({ hash: "h9" })] })])).toEqual([
      "vcci-api: error-rate: changed while rollbackd was stopped",
    ]);
  });

  it("name policies that came and went", () => {
    expect(hashChanges(before, [policy({ name: "shop" })])).toEqual([
      "shop: policy added, mode enforce, triggers error-rate",
      "vcci-api: policy removed",
    ]);
  });
});
