import { describe, expect, it } from "vitest";
import type { LogRecord } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, ofType, startDaemon, type World } from "./world.ts";

const EXPR = "errors:ratio";
/** The default `recovery` is 10 min. */
const VERIFIED = clock("10:06:00");

/** v2 breaches from 10:01 and is rolled back at 10:06; what was put back breaches from `again` to `until`. */
async function relapsing(
  again: number,
  { until = Number.POSITIVE_INFINITY, ...changes }: Parameters<typeof policy>[0] & { until?: number } = {},
): Promise<World> {
  const world = createWorld(TEN - HOUR);
  const first = breaching(clock("10:01:00"), clock("10:06:15"));
  world.prometheus.put(EXPR, (at) => (at >= again && at < until ? { at, value: 0.2 } : first(at)));
  const rules = policy({ cooldownMs: MINUTE, budget: { rollbacks: 9, perMs: HOUR }, ...changes });
  let daemon = startDaemon(world, rules);
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:08:00"));
  expect(ofType(world, "rollback.verified")).toHaveLength(1);
  // The log alone carries it over a restart.
  daemon = startDaemon(world, rules);
  await daemon.load();
  await daemon.passUntil(clock("10:40:00"));
  return world;
}

const told = (records: readonly LogRecord[]) => {
  const tell = createTeller();
  return records.flatMap((record) => tell(record));
};

describe("a trigger that fires again after a verified rollback", () => {
  it("is told as a rollback that did not last when its window began within recovery", async () => {
    const world = await relapsing(clock("10:10:00"));
    const [, decision] = ofType(world, "decision.made");
    const [first] = ofType(world, "decision.made");
    expect(decision).toMatchObject({
      decision: "escalate",
      relapse: {
        decisionId: first?.decisionId,
        verifiedAt: new Date(VERIFIED).toISOString(),
        trigger: "error-rate",
        afterMs: 4 * MINUTE,
      },
    });
    const page = told(world.log.records).findLast(({ event }) => event === "trigger");
    expect(page).toMatchObject({
      severity: "critical",
      title: expect.stringMatching(/needs you: error-rate 20 % again after a verified rollback/),
      decisionId: decision?.decisionId,
    });
    expect(page?.lines[0]).toContain("breaches again since 4 min after that");
    expect(page?.lines[0]).toContain(`rollbackd log report ${first?.decisionId}`);
  });

  it("pages as loud as a failed rollback, whatever severity its trigger has", async () => {
    const world = await relapsing(clock("10:10:00"), { triggers: [metricTrigger({ severity: "warning" })] });
    const page = told(world.log.records).findLast(({ event }) => event === "trigger");
    expect(page).toMatchObject({ severity: "critical" });
  });

  it("rings under a key of its own, and is resolved in the end", async () => {
    const world = await relapsing(clock("10:10:00"), { until: clock("10:20:00") });
    const messages = told(world.log.records).filter(({ event }) => event !== "info");
    const [opened, closed, again, over] = messages;
    expect(messages.map(({ event }) => event)).toEqual(["trigger", "resolve", "trigger", "resolve"]);
    expect(opened?.dedupKey).toBe(closed?.dedupKey);
    expect(again?.dedupKey).toBe(over?.dedupKey);
    expect(again?.dedupKey).not.toBe(opened?.dedupKey);
  });

  it("is an incident of its own when its window began later than recovery", async () => {
    const world = await relapsing(VERIFIED + 10 * MINUTE + INTERVAL);
    const [, decision] = ofType(world, "decision.made");
    expect(decision).toMatchObject({ decision: "escalate" });
    expect(decision?.relapse).toBeUndefined();
  });
});
