import { expect, test } from "vitest";
import { judgeSlots } from "../../src/decisions/judge-slots.ts";
import type { RolloutTrigger } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { healthTrigger, metricTrigger, SECOND, slots, TEN } from "../support/model.ts";

/** `+` passed, `-` failed, `?` unknown: results of a probe. */
function probes(picture: string, from = TEN): readonly Sample[] {
  return [...picture].map((mark, index): Sample => {
    const at = from + index * 10 * SECOND;
    return mark === "?" ? { at, unknown: "unreachable" } : { at, value: mark === "+" ? 1 : 0 };
  });
}

const said = (judged: ReturnType<typeof judgeSlots>) => judged.map(({ verdict }) => verdict[0]).join("");

test.each([
  ["fewer failures than it takes say nothing", "", "--", "uu"],
  ["as many condemn, from the last of them on", "", "---", "uub"],
  ["those before count", "+--", "-", "b"],
  ["what comes later does not", "", "--+-", "uuhu"],
  ["a pass between begins anew", "--", "+--", "huu"],
  ["an unknown result says nothing, and neither counts nor resets", "--", "?-", "ub"],
  ["nor does it condemn after enough failures", "---", "?", "u"],
  ["unknown results are no failures", "", "-?-", "uuu"],
  ["before the first result nothing is known", "", "?", "u"],
])("a probe: %s", (_, before, added, verdicts) => {
  const judged = judgeSlots(healthTrigger(), probes(before, TEN - 600 * SECOND), probes(added));
  expect(said(judged)).toBe(verdicts);
  expect(judged.map(({ at }) => at)).toEqual(probes(added).map(({ at }) => at));
});

test("a measurement: each slot by itself", () => {
  const judged = judgeSlots(metricTrigger(), slots("!!"), slots(".!?"));
  expect(said(judged)).toBe("hbu");
});

test("a rollout breaches while it is stalled", () => {
  const trigger: RolloutTrigger = { kind: "rollout", name: "rollout", mode: "enforce", hash: "h3" };
  const judged = judgeSlots(
    trigger,
    [],
    [
      { at: TEN, value: 0 },
      { at: TEN + 1, value: 1 },
      { at: TEN + 2, unknown: "unreachable" },
    ],
  );
  expect(judged).toEqual([
    { at: TEN, verdict: "healthy" },
    { at: TEN + 1, verdict: "breaching" },
    { at: TEN + 2, verdict: "unknown" },
  ]);
});
