import { expect, test } from "vitest";
import { advance, emptyTrack } from "../../src/decisions/track.ts";
import type { TrackContext } from "../../src/decisions/track-status.ts";
import { reduceExpr } from "../../src/signals/reduce.ts";
import { HOUR, INTERVAL, metricTrigger, MINUTE, TEN } from "../support/model.ts";

const answer = (trigger: ReturnType<typeof metricTrigger>, at: number, pods: readonly string[]) =>
  reduceExpr(
    trigger,
    at,
    pods.map((pod) => ({ labels: { pod }, value: 0.2 })),
  );

test("aggregate: each remembers no more series than there is room for", () => {
  const trigger = metricTrigger({ aggregate: "each", forMs: 6 * HOUR });
  const context: TrackContext = { trigger, intervalMs: INTERVAL, release: undefined };
  const pods = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);
  const room = Math.floor(500_000 / (2 * 1_441 + 2));
  const fits = advance(emptyTrack(context, TEN), context, TEN, [answer(trigger, TEN, pods(room))]);
  expect(fits.status.state).toBe("pending");
  const more = advance(fits, context, TEN + INTERVAL, [answer(trigger, TEN + INTERVAL, pods(room + 1))]);
  expect(more.status).toMatchObject({ state: "unknown", unknown: "many-series" });
  expect(more.status.reason).toContain(`takes at most ${room} with this \`for\``);
});

test("aggregate: each forgets pods that are gone, however many come after each other", () => {
  const trigger = metricTrigger({ aggregate: "each", forMs: MINUTE });
  const context: TrackContext = { trigger, intervalMs: INTERVAL, release: undefined };
  let track = emptyTrack(context, TEN);
  for (let slot = 0; slot < 300; slot += 1) {
    const at = TEN + slot * INTERVAL;
    track = advance(track, context, at, [answer(trigger, at, [`p${slot}`, "stays"])]);
  }
  expect(track.series.size).toBe(track.samples.length + 1);
  expect(track.status).toMatchObject({ state: "firing", series: '{pod="stays"}' });
});
