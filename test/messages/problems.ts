import { parseRules } from "../../src/rules/load.ts";
import { sentenceOf } from "../../src/rules/problem.ts";
import { rulesWith } from "../rules/written.ts";
import type { Shown } from "./shown.ts";

const METRIC = "expr: sum(rate(errors_total[5m]))";
const TARGET = "target: {namespace: shop, deployments: [api]}";

/** Files with one mistake (or two that belong together). */
const MISTAKES: readonly string[] = [
  "policies: {",
  "policies: []\npolices: []",
  rulesWith({ trigger: `${METRIC}\nabvoe: 5\nfor: 5m` }),
  rulesWith({ trigger: `${METRIC}\nabove: 5\nbelow: 1\nfor: 5m` }),
  rulesWith({ trigger: `${METRIC}\nabove: 5\nfor: 5 minutes` }),
  rulesWith({ trigger: `${METRIC}\nabove: 5\nfor: 5s` }),
  rulesWith({ trigger: `${METRIC}\nabove: 5\nfor: 165000s` }),
  rulesWith({ trigger: "expr: sum(rate(errors_total[5m])\nabove: 5\nfor: 5m" }),
  rulesWith({ trigger: "expr: up[5m]\nabove: 5\nfor: 5m" }),
  rulesWith({ trigger: "expr: rate(latency_seconds_sum[5m])\nabove: 2000\nfor: 5m" }),
  rulesWith({ trigger: "ratio: {errors: a, total: b}\nabove: 5\nfor: 5m" }),
  rulesWith({ trigger: 'probe: {url: "http://a/", timeout: 10s}' }),
  rulesWith({ trigger: 'probe: {url: "http://u:p@a/"}' }),
  rulesWith({ trigger: "rollout: slow" }),
  rulesWith({ trigger: "vulnerability: {severity: severe}" }),
  rulesWith({ trigger: `${METRIC}\nabove: 5\nfor: 5m\nmode: enforce` }),
  rulesWith({ policy: `${TARGET}\nnotify: [slak]` }),
  rulesWith({ policy: "target: {namespace: shop, deployments: [a, a]}" }),
  rulesWith({ policy: `${TARGET}\nmode: enforced` }),
  rulesWith({ policy: `${TARGET}\ntargets: {}` }),
  rulesWith({ policy: "target: {script: true}" }),
];

/** What `check`, the start, and people who edit rules see. */
export function inRules(): readonly Shown[] {
  return MISTAKES.flatMap((text) =>
    parseRules("rules/shop.yaml", text).problems.map((problem) => ({
      group: "Problems of rules files",
      name: problem.rule,
      text: sentenceOf(problem),
    })),
  );
}
