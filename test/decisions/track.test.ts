import { describe, expect, test } from "vitest";
import { advance, emptyTrack } from "../../src/decisions/track.ts";
import {
  clock,
  healthTrigger,
  INTERVAL,
  metricTrigger,
  MINUTE,
  release,
  SECOND,
  slots,
  TEN,
} from "../support/model.ts";
import { replay } from "../support/replay.ts";

const trigger = metricTrigger();
const v2 = release();

/** Instants ("10:06:00") at which a state was first reached, after the state before it. */
function transitions(picture: string, from = TEN) {
  let last = "";
  return replay({ trigger, samples: slots(picture, from) }).flatMap(({ at, track }) => {
    if (track.status.state === last) return [];
    last = track.status.state;
    return [`${new Date(at).toISOString().slice(11, 19)} ${last}`];
  });
}

const firstDecision = (picture: string, from: string, releases = [v2]) => {
  const step = replay({ trigger, releases, samples: slots(picture, clock(from)) }).find((s) => s.decided);
  return step && { at: new Date(step.at).toISOString().slice(11, 19), ...step.decided?.decision };
};

const minutes = (mark: string, count: number) => mark.repeat(count * 4);

describe("states over time", () => {
  test("a window that is not full yet begins where it would", () => {
    const [first] = replay({ trigger, samples: slots("!") });
    const { window } = first?.track.status ?? {};
    expect(window).toMatchObject({ from: TEN - 5 * MINUTE, to: TEN, size: 21, known: 1, breaching: 1 });
  });

  test("trap 1: errors between two breaches are unknown and never fire", () => {
    expect(transitions(`!${"?".repeat(19)}!`)).toEqual([
      "10:00:00 pending",
      "10:00:15 unknown",
      "10:05:00 pending",
    ]);
  });

  test("trap 3: Prometheus down from 2:00 to 4:00 does not fire at 5:00 but once slots cover the window", () => {
    const picture = `${minutes("!", 2)}${minutes("?", 2)}${minutes("!", 6)}`;
    expect(transitions(picture)).toEqual([
      "10:00:00 pending",
      "10:02:00 unknown",
      "10:04:00 pending",
      "10:09:00 firing",
    ]);
  });

  test("trap 3: healthy at 8:00 after the gap: no fire", () => {
    const picture = `${minutes("!", 2)}${minutes("?", 2)}${minutes("!", 3)}!!!.${minutes("!", 1)}`;
    expect(transitions(picture)).not.toContainEqual(expect.stringContaining("firing"));
  });

  test("trap 9: 0:00 to 4:45 does not fire, 5:00 does", () => {
    expect(transitions(`.${"!".repeat(20)}.`).at(-1)).toBe("10:05:15 inactive");
    expect(transitions(`.${"!".repeat(21)}`).at(-1)).toBe("10:05:15 firing");
  });
});

describe("from samples to a decision", () => {
  test("healthy, release at 10:00, errors from 10:01: rollback at 10:06", () => {
    expect(firstDecision(`${minutes(".", 11)}${minutes("!", 12)}`, "09:50:00")).toMatchObject({
      at: "10:06:00",
      decision: "rollback",
    });
  });

  test("trap 6: errors since 09:50, release at 10:00: escalate", () => {
    const steps = replay({ trigger, releases: [v2], samples: slots(minutes("!", 20), clock("09:50:00")) });
    expect(steps.find((s) => s.at === clock("10:03:00"))?.decided?.decision).toMatchObject({
      decision: "escalate",
      reason: "breach-predates-release",
    });
    expect(steps.filter((s) => s.decided?.decision.decision === "rollback")).toEqual([]);
  });

  test("trap 6: after it was healthy once, a full window past clock and range is to blame", () => {
    const picture = `${minutes("!", 10)}!.${"!".repeat(30)}`;
    const rollback = replay({ trigger, releases: [v2], samples: slots(picture, clock("09:50:00")) }).find(
      (s) => s.decided?.decision.decision === "rollback",
    );
    expect(rollback?.at).toBe(clock("10:06:00"));
  });

  test("one breaching slot at 09:40, no traffic until 10:00, release, errors: rollback once a window after clock and range breaches", () => {
    const ready = release({ clockAt: clock("10:02:00") });
    const picture = `${minutes(".", 10)}!${"?".repeat(79)}${minutes("!", 20)}`;
    const steps = replay({ trigger, releases: [ready], samples: slots(picture, clock("09:30:00")) });
    const rollback = steps.find((s) => s.decided?.decision.decision === "rollback");
    // Ready at 10:02, a range of 1m, for 5m.
    expect(rollback?.at).toBe(clock("10:08:00"));
    expect(steps.filter((s) => s.decided?.decision.reason === "breach-predates-release")).toEqual([]);
  });

  test("firing until 09:40, no traffic until 10:00, release, errors: escalate", () => {
    const picture = `${minutes("!", 10)}!${"?".repeat(79)}${minutes("!", 20)}`;
    const steps = replay({ trigger, releases: [v2], samples: slots(picture, clock("09:30:00")) });
    const decisions = new Set(steps.map((s) => s.decided?.decision.reason));
    expect(decisions).toEqual(new Set([undefined, "breach-predates-release", "outside-guard-period"]));
  });

  test("trap 11: a changed rule shows the past and acts only on a window that began after it was loaded", () => {
    const steps = replay({
      trigger,
      releases: [v2],
      samples: slots(`${minutes(".", 5)}${minutes("!", 15)}`, clock("09:55:00")),
      loadedAt: clock("10:04:00"),
    });
    const decided = steps.flatMap((s) => (s.decided ? [{ at: s.at, ...s.decided.decision }] : []));
    expect(decided[0]).toMatchObject({ at: clock("10:05:00"), decision: "hold", reason: "rule-changed" });
    expect(decided.find((d) => d.decision === "rollback")?.at).toBe(clock("10:09:00"));
  });

  test("trap 7: after a rollback the stale window cannot cause another", () => {
    const restored = release({
      id: "vcci-production/vcci-api@3",
      startedAt: clock("10:06:05"),
      clockAt: clock("10:06:10"),
      cause: "rollback",
    });
    const picture = `${minutes(".", 10)}${minutes("!", 20)}`;
    const after = replay({ trigger, releases: [v2, restored], samples: slots(picture, clock("09:50:00")) })
      .filter((s) => s.at > clock("10:06:05"))
      .map((s) => s.decided?.decision.decision);
    expect(new Set(after)).toEqual(new Set(["escalate"]));
  });
});

describe("late and repeated passes", () => {
  const context = { trigger, intervalMs: INTERVAL, release: v2 };

  test("trap 10: a jump of ten minutes leaves unknown slots, not a breach", () => {
    const before = advance(emptyTrack(context, TEN), context, TEN, slots("!"));
    const after = advance(before, context, TEN + 10 * MINUTE, slots("!", TEN + 10 * MINUTE));
    expect(after.status).toMatchObject({ state: "pending", window: { known: 1 } });
  });

  test("trap 10: a slot that is known is never judged again", () => {
    const once = advance(emptyTrack(context, TEN), context, TEN, slots("!"));
    expect(advance(once, context, TEN, slots(".")).samples).toEqual(once.samples);
  });

  test("trap 18: missed slots that a range query brings are the same as if they had been on time", () => {
    const samples = slots("..!!!?!!!!");
    const last = samples.at(-1)?.at ?? 0;
    const onTime = samples.reduce((t, s) => advance(t, context, s.at, [s]), emptyTrack(context, TEN));
    const late = advance(emptyTrack(context, TEN), context, last, samples);
    expect(late.status).toEqual(onTime.status);
    expect(late.basis).toEqual(onTime.basis);
  });
});

describe("how things stood before a release, by probes that need three failures", () => {
  /** `.` passed, `!` failed; the release at 10:00 is first seen after the last of them. */
  const before = (picture: string) => {
    const results = slots(picture, TEN - picture.length * 10 * SECOND, 10 * SECOND).map((sample) => {
      return "value" in sample ? { at: sample.at, value: sample.value > 0.05 ? 0 : 1 } : sample;
    });
    const context = { trigger: healthTrigger(), intervalMs: INTERVAL, release: undefined };
    const track = results.reduce((t, r) => advance(t, context, r.at, [r]), emptyTrack(context, TEN));
    return advance(track, { ...context, release: v2 }, TEN, []).basis?.before?.verdict;
  };

  test.each([
    ["....", "healthy"],
    ["...!", "healthy"],
    ["..!!", "healthy"],
    [".!!!", "breaching"],
    ["!!!!!!!!!!!!!!", "breaching"],
    [".!!!.", "healthy"],
    [".!!!!????????", "breaching"],
    ["!!", undefined],
    ["..!?", "healthy"],
  ] as const)("probes %s: %s, so a restart for the release is not counted", (picture, expected) => {
    expect(before(picture)).toBe(expected);
  });
});
