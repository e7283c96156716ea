import { describe, expect, it } from "vitest";
import { aheadMs } from "../../src/daemon/trigger-clock.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, SECOND, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, decisions, startDaemon } from "./world.ts";

it.each([
  ["metric", 90_000],
  ["health", 0],
  ["rollout", 0],
] as const)(
  "a %s trigger is told by a clock that is %d ms ahead when Prometheus's is 90 s",
  (kind, ahead) => {
    expect(aheadMs({ kind }, 90_000)).toBe(ahead);
  },
);

/** v2 is shipped at ten and breaches from 10:01 on, by the clock here; the daemon is started and the rule loaded at ten. */
async function editedRule(skewMs: number) {
  const world = createWorld(TEN - HOUR);
  world.skewMs = skewMs;
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00") + skewMs));
  const before = startDaemon(world, policy());
  await before.load();
  world.at = TEN - MINUTE;
  await before.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  world.at = clock("10:05:52");
  const edited = metricTrigger({ hash: "h9", threshold: { op: "above", value: 0.04, text: "4%" } });
  const daemon = startDaemon(world, policy({ triggers: [edited] }));
  await daemon.load();
  return { world, daemon };
}

/** v2 is shipped at ten by the clock here; the breach begins a minute before it, by the clock of Prometheus after it. */
async function breachBefore(skewMs: number, breachAt: string) {
  const world = createWorld(TEN - HOUR);
  world.skewMs = skewMs;
  world.prometheus.put("errors:ratio", breaching(clock(breachAt) + skewMs));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  await daemon.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:08:00"));
  return decisions(world).at(0);
}

describe("trap 6: a breach from before the release is not its own", () => {
  it("where Prometheus's clock is two minutes ahead, so that its slots say otherwise", async () => {
    expect(await breachBefore(2 * MINUTE, "09:59:00")).toBe("escalate breach-predates-release");
  });

  it("and one from after it is, two minutes ahead and two behind", async () => {
    expect(await breachBefore(2 * MINUTE, "10:01:00")).toBe("rollback");
    expect(await breachBefore(-2 * MINUTE, "10:02:15")).toBe("rollback");
  });

  it("in doubt, with the clock behind, it is not rolled back", async () => {
    expect(await breachBefore(-2 * MINUTE, "10:01:00")).toBe("escalate breach-predates-release");
  });
});

describe("where the clock of Prometheus is another than the one here", () => {
  it.each([
    ["ten minutes ahead", 10 * MINUTE],
    ["a minute behind", -MINUTE],
  ])("trap 11: a changed rule acts on the first window since it was loaded, %s", async (_, skewMs) => {
    const { world, daemon } = await editedRule(skewMs);
    await daemon.passUntil(clock("10:10:45"));
    expect(decisions(world)).toEqual(["hold rule-changed"]);
    await daemon.passUntil(clock("10:11:00"));
    expect(decisions(world)).toEqual(["hold rule-changed", "rollback"]);
  });

  it("the decision lag is that of one clock", async () => {
    for (const skewMs of [-MINUTE, 0, 10 * MINUTE]) {
      const { world, daemon } = await editedRule(skewMs);
      await daemon.passUntil(clock("10:10:45"));
      // Three seconds after the slot at which the window is full.
      world.at = clock("10:11:00") + 3 * SECOND;
      await daemon.pass();
      const { values } = await daemon.metrics.decisionLag.get();
      expect(values.find(({ metricName }) => metricName?.endsWith("_sum"))?.value).toBe(3);
    }
  });
});
