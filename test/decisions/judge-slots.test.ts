import { expect, test } from "vitest";
import { type Earlier, judgeSlots } from "../../src/decisions/judge-slots.ts";
import type { RolloutTrigger, Trigger } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { healthTrigger, INTERVAL, metricTrigger, SECOND, slots, TEN } from "../support/model.ts";

/** `+` passed, `-` failed, `?` unknown: results of a probe. */
function probes(picture: string, from = TEN): readonly Sample[] {
  return [...picture].map((mark, index): Sample => {
    const at = from + index * 10 * SECOND;
    return mark === "?" ? { at, unknown: "unreachable" } : { at, value: mark === "+" ? 1 : 0 };
  });
}

const on = (trigger: Trigger) => ({ trigger, intervalMs: INTERVAL });
const samples = (all: readonly Sample[]): Earlier => ({ samples: all, judged: [] });

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
  const judged = judgeSlots(on(healthTrigger()), samples(probes(before, TEN - 600 * SECOND)), probes(added));
  expect(said(judged)).toBe(verdicts);
  expect(judged.map(({ at }) => at)).toEqual(probes(added).map(({ at }) => at));
});

test("a measurement: each slot by itself", () => {
  const judged = judgeSlots(on(metricTrigger()), samples(slots("!!")), slots(".!?"));
  expect(said(judged)).toBe("hbu");
});

test("a measurement is firing where a whole window that ends there qualifies, from what came before on", () => {
  const trigger = metricTrigger({ forMs: 2 * INTERVAL });
  const firing = (earlier: Earlier, picture: string, from: number) =>
    judgeSlots(on(trigger), earlier, slots(picture, from)).map((slot) => slot.firing);
  expect(firing(samples([]), "!!!!.!", TEN)).toEqual([false, false, true, true, false, false]);
  const judged = judgeSlots(on(trigger), samples([]), slots("!!"));
  expect(firing({ samples: [], judged }, "!!.", TEN + 2 * INTERVAL)).toEqual([true, true, false]);
});

test("a rollout breaches while it is stalled", () => {
  const trigger: RolloutTrigger = { kind: "rollout", name: "rollout", mode: "enforce", hash: "h3" };
  const judged = judgeSlots(on(trigger), samples([]), [
    { at: TEN, value: 0 },
    { at: TEN + 1, value: 1 },
    { at: TEN + 2, unknown: "unreachable" },
  ]);
  expect(judged).toEqual([
    { at: TEN, verdict: "healthy", firing: false },
    { at: TEN + 1, verdict: "breaching", firing: true },
    { at: TEN + 2, verdict: "unknown", firing: false },
  ]);
});
