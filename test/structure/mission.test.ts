import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { missingProofs, MISSION_FILE, renderMission } from "../../scripts/write-mission.ts";
import { MANUAL_REASONS } from "../../src/decisions/manual-reason.ts";
import { loadRules } from "../../src/rules/load.ts";
import type { Policy } from "../../src/rules/policy.ts";

const HOUR = 3_600_000;

/** Spaces are the formatter's. */
const cells = (text: string): string => text.replaceAll(/[ -]+/g, " ");

describe("docs/mission.md", () => {
  test("names tests that exist", () => {
    expect(missingProofs()).toEqual([]);
  });

  test("says what scripts/mission-lines.ts says: run node scripts/write-mission.ts", () => {
    expect(cells(readFileSync(MISSION_FILE, "utf8"))).toBe(cells(renderMission()));
  });
});

describe("what is shipped", () => {
  let policy: Policy;
  beforeAll(async () => {
    const { policies } = await loadRules(join(import.meta.dirname, "../../rules"));
    policy = policies[0] as Policy;
  });

  test("the shipped rules have the thresholds of the mission", () => {
    expect(policy.mode).toBe("enforce");
    expect(policy.triggers).toMatchObject([
      { name: "error-rate", mode: "enforce", threshold: { op: "above", value: 0.05 }, forMs: HOUR / 12 },
      { name: "p95-latency", mode: "enforce", threshold: { op: "above", value: 2 }, forMs: HOUR / 12 },
      { name: "health", mode: "enforce", failures: 3 },
      { name: "critical-vulnerability", mode: "enforce", atLeast: "critical" },
    ]);
  });

  test("the shipped rules look after a launch at each time of the mission", () => {
    expect(policy.checkpoints.map(({ atMs }) => atMs / HOUR)).toEqual([0, 1, 4, 24, 7 * 24]);
  });

  test("the shipped rules look at each success criterion, at each time but the first", () => {
    const criteria = [
      "availability",
      "throughput",
      "error-rate",
      "p95-latency",
      "p99-latency",
      "circuit-breakers",
      "cache-hit-rate",
      "pool-use",
      "memory-growth",
      "critical-alerts",
    ];
    for (const { checks } of policy.checkpoints.slice(1)) {
      expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(criteria));
    }
  });
});

test("people may give each reason of the mission", () => {
  expect(MANUAL_REASONS).toEqual([
    "data-corruption",
    "major-functionality-broken",
    "compliance-violation",
    "stakeholder-decision",
    "other",
  ]);
});
