import { describe, expect, test } from "vitest";
import { relapseOf } from "../../src/decisions/relapse.ts";
import type { FiringTrigger } from "../../src/decisions/situation.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import { blameOf, INTERVAL, metricTrigger, MINUTE, release, revision, slots, TEN } from "../support/model.ts";
import { situation } from "../support/situation.ts";

const trigger = metricTrigger();
/** Its window begins at `from`. */
function firing(from: number, name = "error-rate"): FiringTrigger {
  const status = metricStatus(trigger, INTERVAL, slots("!".repeat(21)));
  const window = { ...status.window, from };
  return {
    trigger: { ...trigger, name },
    status: { ...status, window },
    blame: blameOf("blamed"),
    loadedAt: 0,
  };
}
const restored = revision("1");
const verified = { decisionId: "d1", at: TEN, toDigest: restored.digest };
const relapse = (changes: Parameters<typeof situation>[0]) =>
  relapseOf(situation({ release: release({ revision: restored }), verified, ...changes }));

describe("a relapse", () => {
  test("is a window that began within recovery after the verdict", () => {
    expect(relapse({ firing: [firing(TEN + 10 * MINUTE)] })).toEqual({
      decisionId: "d1",
      verifiedAt: new Date(TEN).toISOString(),
      trigger: "error-rate",
      afterMs: 10 * MINUTE,
    });
  });

  test("names the trigger whose window began first", () => {
    const both = [firing(TEN + 5 * MINUTE), firing(TEN + 2 * MINUTE, "p95-latency")];
    expect(relapse({ firing: both })).toMatchObject({ trigger: "p95-latency", afterMs: 2 * MINUTE });
  });

  test.each<[string, Parameters<typeof situation>[0]]>([
    ["nothing fires", { firing: [] }],
    ["the window began later", { firing: [firing(TEN + 10 * MINUTE + 1)] }],
    ["another revision runs by now", { release: release({ revision: revision("3") }) }],
    ["what runs is not known", { release: undefined }],
  ])("is none when %s", (_, changes) => {
    expect(relapse({ firing: [firing(TEN + MINUTE)], ...changes })).toBeUndefined();
  });

  test("is none when the last rollback was not verified", () => {
    expect(relapseOf(situation({ firing: [firing(TEN + MINUTE)] }))).toBeUndefined();
  });
});
