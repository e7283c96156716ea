import { describe, expect, test } from "vitest";
import {
  advance,
  basisFor,
  emptyTrack,
  lookbackMs,
  proofFor,
  reaches,
  type Track,
} from "../../src/decisions/track.ts";
import type { TrackContext } from "../../src/decisions/track-status.ts";
import { NO_PROOF } from "../../src/releases/standing.ts";
import type { RolloutTrigger } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import {
  healthTrigger,
  HOUR,
  INTERVAL,
  metricTrigger,
  MINUTE,
  release,
  SECOND,
  slots,
  TEN,
} from "../support/model.ts";

const v2 = release();
const context: TrackContext = { trigger: metricTrigger(), intervalMs: INTERVAL, release: v2 };
const rollout: RolloutTrigger = { kind: "rollout", name: "rollout", mode: "enforce", hash: "h3" };

const fold = (picture: string, from = TEN, of: TrackContext = context): Track => {
  const samples = slots(picture, from, of.intervalMs);
  return advance(emptyTrack(of, from), of, samples.at(-1)?.at ?? from, samples);
};
const probes = (count: number, from = TEN): Sample[] =>
  Array.from({ length: count }, (_, index) => ({ at: from + index * 10 * SECOND, value: 1 }));

describe("how far back is asked", () => {
  test.each([
    ["an hour", metricTrigger(), HOUR],
    ["a window that is longer than that", metricTrigger({ forMs: 2 * HOUR }), 2 * HOUR + INTERVAL],
    ["an hour of probes", healthTrigger(), HOUR],
    ["an hour of a rollout", rollout, HOUR],
  ])("%s", (_, trigger, ms) => {
    expect(lookbackMs(trigger, INTERVAL)).toBe(ms);
  });
});

describe("memory", () => {
  test("of a metric trigger is two windows and what is between their slots", () => {
    const track = fold(".".repeat(100));
    expect(track.samples).toHaveLength(44);
    expect(track.judged).toHaveLength(44);
    expect(track.samples.at(-1)?.at).toBe(TEN + 99 * INTERVAL);
  });

  test("of probes is as many again as make it fire", () => {
    const of = { ...context, trigger: healthTrigger() };
    const results = probes(30);
    const track = advance(emptyTrack(of, TEN), of, results.at(-1)?.at ?? TEN, results);
    expect(track.samples).toHaveLength(8);
    expect(track.judged).toHaveLength(8);
  });

  test("of a rollout is as long as it takes to see two looks", () => {
    const of = { ...context, trigger: rollout };
    const looks = probes(30);
    const track = looks.reduce<Track>((so, look) => advance(so, of, look.at, [look]), emptyTrack(of, TEN));
    expect(track.samples.length).toBeLessThan(10);
    expect(track.samples.at(-1)).toEqual(looks.at(-1));
  });

  test("keeps the last that said anything when it forgets, past those that said nothing", () => {
    const track = fold(`!${"?".repeat(5)}${".".repeat(44)}`);
    expect(track.lastForgotten).toEqual({ at: TEN, verdict: "breaching", firing: false });
    expect(fold(".".repeat(44)).lastForgotten).toBeUndefined();
  });

  test("holds each probe once, however often it is handed over", () => {
    const of = { ...context, trigger: healthTrigger() };
    const results = probes(3);
    const once = advance(emptyTrack(of, TEN), of, TEN + 20 * SECOND, results);
    const again = advance(once, of, TEN + 25 * SECOND, results);
    expect(again.samples).toEqual(results);
    expect(again.judged).toEqual(once.judged);
  });

  test("fills slots that nobody measured, and says so", () => {
    const [first, second, third] = slots("!!!");
    const gap = [first, third].filter((sample) => sample !== undefined);
    const track = advance(emptyTrack(context, TEN), context, third?.at ?? 0, gap);
    expect(track.samples).toEqual([first, { at: second?.at, unknown: "not-evaluated" }, third]);
    const later = advance(track, context, (third?.at ?? 0) + INTERVAL, []);
    expect(later.samples.at(-1)).toEqual({ at: (third?.at ?? 0) + INTERVAL, unknown: "not-evaluated" });
  });

  test("is of slots up to the present one: the window of an earlier instant does not see what came later", () => {
    const track = fold(`${".".repeat(20)}!`);
    const earlier = advance(track, context, TEN + 19 * INTERVAL, []);
    expect(earlier.status).toMatchObject({ state: "inactive", at: TEN + 19 * INTERVAL });
  });

  test("a window that reaches back before the first measurement begins where it must, unknown until then", () => {
    const { status } = fold("!!!");
    expect(status.window).toMatchObject({
      from: TEN + 2 * INTERVAL - 20 * INTERVAL,
      to: TEN + 2 * INTERVAL,
      known: 3,
      longestGapMs: 18 * INTERVAL,
    });
    expect(emptyTrack(context, TEN).status).toMatchObject({
      state: "unknown",
      at: TEN,
      window: { from: TEN - 20 * INTERVAL, to: TEN, known: 0 },
      reason: expect.stringContaining("not-evaluated") as string,
    });
  });
});

describe("does memory reach back to before the release?", () => {
  const later = release({ id: "vcci-production/vcci-api@3", startedAt: TEN + 10 * MINUTE });

  test("not when nothing was measured", () => {
    expect(reaches(emptyTrack(context, TEN), v2)).toBe(false);
  });

  test("yes when its oldest slot is before the start, not when it is at the start", () => {
    const unaware = { ...context, release: undefined };
    expect(reaches(fold("..", later.startedAt - INTERVAL, unaware), later)).toBe(true);
    expect(reaches(fold("..", later.startedAt, unaware), later)).toBe(false);
  });

  test("yes when the past of this very release has been folded, however long ago", () => {
    expect(reaches(fold("..", TEN + HOUR), v2)).toBe(true);
    expect(reaches(fold("..", TEN + HOUR), release({ id: "other", startedAt: TEN }))).toBe(false);
  });
});

describe("what is remembered of one release", () => {
  const other = release({ id: "vcci-production/vcci-api@3" });

  test("says nothing about another", () => {
    const track = fold(`..${"!".repeat(30)}`, TEN - 2 * INTERVAL);
    expect(basisFor(track, v2)).toMatchObject({ before: { at: TEN - INTERVAL, verdict: "healthy" } });
    expect(basisFor(track, other)).toBeUndefined();
    expect(proofFor(track, v2)).toEqual(track.proof);
    expect(proofFor(track, other)).toBe(NO_PROOF);
    expect(basisFor(emptyTrack(context, TEN), undefined)).toBeUndefined();
  });

  test("its proof counts slots from its clock on, the known ones and all of them", () => {
    const of = { ...context, release: release({ clockAt: TEN + INTERVAL }) };
    expect(fold("..?.", TEN, of).proof).toEqual({ known: 2, total: 3, lastFiringAt: undefined });
    const more = advance(fold("..?.", TEN, of), of, TEN + 5 * INTERVAL, slots(".?", TEN + 4 * INTERVAL));
    expect(more.proof).toEqual({ known: 3, total: 5, lastFiringAt: undefined });
  });

  test("a release without a clock proves nothing", () => {
    const of = { ...context, release: release({ clockAt: undefined }) };
    expect(fold("....", TEN, of).proof).toEqual(NO_PROOF);
  });

  test("its proof begins anew with another release", () => {
    const track = advance(fold("...."), { ...context, release: other }, TEN + 4 * INTERVAL, []);
    expect(track.proof).toEqual({ known: 0, total: 1, lastFiringAt: undefined });
  });

  test("when it last fired is found in a backfill, and stays known after it", () => {
    const track = fold(`${"!".repeat(22)}....`);
    expect(track.status.state).toBe("inactive");
    expect(track.proof.lastFiringAt).toBe(TEN + 21 * INTERVAL);
    const later = advance(track, context, TEN + 26 * INTERVAL, slots(".", TEN + 26 * INTERVAL));
    expect(later.proof.lastFiringAt).toBe(TEN + 21 * INTERVAL);
    expect(fold("....").proof.lastFiringAt).toBeUndefined();
  });
});
