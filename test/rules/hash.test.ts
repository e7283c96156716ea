import { expect, test } from "vitest";
import { policyIn, rulesWith, triggerIn } from "./written.ts";

const trigger = (changes: Readonly<Record<string, string>> = {}) => {
  const keys = { expr: "sum(rate(errors_total[1m]))", above: "5%", for: "5m", ...changes };
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${value}`)
    .join("\n");
};
const target = "target: {namespace: shop, deployments: [api]}\nmode: enforce";
const written = (changes: Readonly<Record<string, string>>, more = "") =>
  rulesWith({ trigger: trigger(changes), policy: target + more });
const plain = triggerIn(written({})).hash;

test.each([
  ["a comment in the file", `# why\n${written({})}`],
  ["a comment in the expression", written({ expr: "|\n  sum(rate(errors_total[1m])) # all of them" })],
  ["white space in the expression", written({ expr: "sum ( rate( errors_total [1m] ) )" })],
  [
    "the order of keys",
    rulesWith({ trigger: "for: 5m\nabove: 5%\nexpr: sum(rate(errors_total[1m]))", policy: target }),
  ],
  ["another way to write the threshold", written({ above: "0.05" })],
  ["another way to write the duration", written({ for: "300s" })],
  ["a default that is written out", written({ minCoverage: "0.8", maxGap: "1m" }, "\ninterval: 15s")],
])("trap 11: %s changes nothing", (_, text) => {
  expect(triggerIn(text).hash).toBe(plain);
  expect(policyIn(text).hash).toBe(policyIn(written({})).hash);
});

test.each([
  ["the expression", written({ expr: "sum(rate(errors_total[2m]))" })],
  ["a label", written({ expr: 'sum(rate(errors_total{a="b c"}[1m]))' })],
  ["the threshold", written({ above: "6%" })],
  ["`for`", written({ for: "6m" })],
  ["the trigger's mode", written({ mode: "observe" })],
  [
    "the policy's mode",
    rulesWith({ trigger: trigger(), policy: `${target.replace("enforce", "approve")}\nnotify: [slack]` }),
  ],
  ["breachRatio", written({ breachRatio: "0.9" })],
  ["minCoverage", written({ minCoverage: "0.9" })],
  ["maxGap", written({ maxGap: "30s" })],
  ["aggregate", written({ aggregate: "any" })],
  ["the trigger's veto", written({ unless: "db_down" })],
  ["the policy's veto", written({}, "\nunless: db_down")],
  ["the interval", written({}, "\ninterval: 30s")],
  ["queryOffset", written({}, "\nqueryOffset: 1m")],
  ["the target", rulesWith({ trigger: trigger(), policy: target.replace("[api]", "[web]") })],
])("trap 11: a change of %s changes the trigger and its policy", (_, text) => {
  expect(triggerIn(text).hash).not.toBe(plain);
  expect(policyIn(text).hash).not.toBe(policyIn(written({})).hash);
});

test("white space inside a label's value is part of the meaning", () => {
  const one = triggerIn(written({ expr: 'sum(errors_total{a="b c"})' }));
  const other = triggerIn(written({ expr: 'sum(errors_total{a="b  c"})' }));
  expect(one.hash).not.toBe(other.hash);
});

test("above and below are different", () => {
  const below = rulesWith({ trigger: trigger().replace("above", "below"), policy: target });
  expect(triggerIn(below).hash).not.toBe(plain);
});

test("what a policy does after the verdict is its hash alone", () => {
  const quiet = written({}, "\nnotify: [slack]\ncooldown: 1h");
  expect(triggerIn(quiet).hash).toBe(plain);
  expect(policyIn(quiet).hash).not.toBe(policyIn(written({})).hash);
});

test.each(["failures: 4", "probe: {url: http://a/, interval: 20s}", "probe: {url: http://b/}"])(
  "a health trigger is told apart by %s",
  (change) => {
    const lines = { probe: "probe: {url: http://a/}", failures: "failures: 3" };
    const changed = { ...lines, [change.split(":")[0] ?? ""]: change };
    const hashOf = (parts: typeof lines) =>
      triggerIn(rulesWith({ trigger: Object.values(parts).join("\n") })).hash;
    expect(hashOf(changed)).not.toBe(hashOf(lines));
  },
);

test("white space in a veto is no part of its meaning", () => {
  const hashes = ["db_down>1", "db_down > 1 # once"].map(
    (unless) => triggerIn(written({ unless: `|\n  ${unless}` })).hash,
  );
  expect(hashes[0]).toBe(hashes[1]);
});
