import { expect, it } from "vitest";
import { clock, HOUR, metricTrigger, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, decisions, startDaemon } from "./world.ts";

const other = policy({
  name: "other",
  triggers: [metricTrigger({ query: { kind: "expr", expr: "other" } })],
});

it("a policy that comes back after it was taken out of the rules begins with nothing on record", async () => {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("09:10:00")));
  const before = startDaemon(world, policy());
  await before.load();
  await before.passUntil(clock("09:16:00"));
  const escalation = "escalate outside-guard-period";
  expect(decisions(world)).toEqual([escalation]);

  const without = startDaemon(world, other);
  await without.load();
  expect(without.history.isFiring("vcci-api")).toBe(false);
  expect(without.history.lastDecision("vcci-api")).toBeUndefined();

  const after = startDaemon(world, policy());
  await after.load();
  await after.passUntil(clock("09:20:00"));
  expect(decisions(world)).toEqual([escalation, escalation]);
});
