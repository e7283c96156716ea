import { pino } from "pino";
import { expect, it } from "vitest";
import { forgetMetrics } from "../../src/daemon/forget-metrics.ts";
import { watchTargetSight } from "../../src/daemon/target-sight.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { policy, SECOND, TEN } from "../support/model.ts";
import { fakeTarget } from "./fake-target.ts";

const seen = fakeTarget("vcci-production/vcci-api", { digest: "v1", at: TEN }).watch.current();
const why = "Could not watch pods: no answer from https://10.0.0.1 (ETIMEDOUT).";
const stale: Lookup = seen.ok ? { ...seen, stale: { since: TEN - 5 * SECOND, detail: why } } : seen;
const absent: Lookup = { ok: false, reason: "not-found", detail: why };

function eye() {
  const lines: { level: number; msg: string; policy: string }[] = [];
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) });
  const metrics = createMetrics("test");
  const look = watchTargetSight(policy(), { metrics, logger });
  const seconds = async () => (await metrics.targetStale.get()).values.map(({ value }) => value);
  return { look, lines, metrics, seconds };
}

it.each([
  ["that is no longer followed, from when it was last", stale, 25, 5],
  ["that was never seen, from the first look", absent, 30, 0],
])(
  "a target %s: out of sight for long is logged once, and that it is back once",
  async (_, lookup, after, before) => {
    const { look, lines, seconds } = eye();
    look(lookup, TEN);
    expect(await seconds()).toEqual([before]);
    look(lookup, TEN + (after - 1) * SECOND);
    expect(lines).toEqual([]);
    for (let slot = after; slot < 100; slot += 15) look(lookup, TEN + slot * SECOND);
    expect(lines).toMatchObject([{ level: 40, policy: "vcci-api", target: "vcci-production/vcci-api" }]);
    expect(lines[0]?.msg).toMatch(
      /^the target has been out of sight for 30 s, since 2026-.*Could not watch pods.*check/,
    );
    look(seen, TEN + 120 * SECOND);
    look(seen, TEN + 135 * SECOND);
    expect(await seconds()).toEqual([0]);
    expect(lines.slice(1)).toMatchObject([{ level: 30 }]);
    expect(lines[1]?.msg).toMatch(/^the target is in sight again after 2 min/);
  },
);

it("one that is back at once is no news, and a policy that is gone shows nothing", async () => {
  const { look, lines, metrics, seconds } = eye();
  look(stale, TEN);
  look(seen, TEN + 15 * SECOND);
  look(stale, TEN + 20 * SECOND);
  expect(lines).toEqual([]);
  forgetMetrics(policy(), metrics);
  expect(await seconds()).toEqual([]);
});
