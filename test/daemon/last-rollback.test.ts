import { describe, expect, it } from "vitest";
import { createLastRollbacks } from "../../src/daemon/last-rollback.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { applied, decision, failed, started, verified } from "../notifications/story.ts";

function last(...bodies: readonly RecordBody[]) {
  const rollbacks = createLastRollbacks();
  const records = recordsOf(bodies);
  records.forEach(rollbacks.apply);
  const target = records.flatMap((record) => ("target" in record ? record.target : [])).at(0) ?? "";
  return rollbacks.of(target);
}

describe("the last rollback of a target", () => {
  it("is the verified one, with the sentence of its decision", () => {
    expect(last(decision("d1"), started("d1"), applied("d1"), verified("d1"))).toMatchObject({
      started: { decisionId: "d1" },
      summary: expect.any(String),
      failure: undefined,
      applied: true,
      endedAt: Date.UTC(2026, 0, 1) + 3000,
    });
  });

  it("is the one that failed, with its reason and whether the target took the change", () => {
    expect(last(decision("d1"), started("d1"), failed("d1"))).toMatchObject({
      failure: expect.any(String),
      applied: false,
    });
  });

  it("is none while the first one is under way", () => {
    expect(last(decision("d1"), started("d1"), applied("d1"))).toBeUndefined();
  });

  it("stays the earlier one while another is under way", () => {
    const first = [decision("d1"), started("d1"), applied("d1"), verified("d1")];
    expect(last(...first, decision("d2"), started("d2"))).toMatchObject({ started: { decisionId: "d1" } });
  });

  it("has no sentence where the decision is not in the log", () => {
    expect(last(started("d1"), applied("d1"), verified("d1"))).toMatchObject({ summary: undefined });
  });
});
