import { describe, expect, test } from "vitest";
import { metricStatuses, seriesStatus } from "../../src/engine/each-series.ts";
import type { MetricTrigger } from "../../src/rules/policy.ts";
import { eachSlots } from "../support/each-slots.ts";
import { INTERVAL, metricTrigger, TEN } from "../support/model.ts";

/** Six slots, of which one may be a hole. */
const FOR = 5 * INTERVAL;

function status(pictures: Readonly<Record<string, string>>, changes: Partial<MetricTrigger> = {}) {
  const trigger = metricTrigger({ aggregate: "each", forMs: FOR, maxGapMs: INTERVAL, ...changes });
  return metricStatuses(trigger, INTERVAL, eachSlots(pictures).slice(-6));
}

describe("aggregate: each", () => {
  test("does not fire when two pods are slow in turn, where any does", () => {
    const inTurn = { a: "!.!.!.", b: ".!.!.!" };
    expect(status(inTurn).status.state).toBe("pending");
    expect(status(inTurn, { aggregate: "any" }).status.state).toBe("firing");
  });

  test("fires when one series breaches for the whole window, and names it", () => {
    const { status: fired, firing } = status({ a: "......", b: "!!!!!!", c: ".!.!.!" });
    expect(fired).toMatchObject({
      state: "firing",
      trigger: "error-rate",
      series: '{pod="b"}',
      value: 0.112,
    });
    expect(fired.window).toMatchObject({ size: 6, known: 6, breaching: 6 });
    expect(fired.reason).toContain('error-rate {pod="b"} ');
    expect(fired.reason).toContain("; 1 of 3 series fires");
    expect(firing.map(({ series }) => series)).toEqual(['{pod="b"}']);
  });

  test("lists every series that fires", () => {
    const { status: fired, firing } = status({ b: "!!!!!!", a: "!!!!!!" });
    expect(firing.map(({ series }) => series)).toEqual(['{pod="a"}', '{pod="b"}']);
    expect(fired.reason).toContain("; 2 of 2 series fire");
  });

  test("starts the window of a series with its first slot", () => {
    const young = { a: "......", b: "--!!!!" };
    expect(status(young).status).toMatchObject({
      state: "pending",
      series: '{pod="b"}',
      firesAt: TEN + 7 * INTERVAL,
    });
    expect(status({ a: "........", b: "--!!!!!!" }).status.state).toBe("firing");
  });

  test("is unknown while a series that breached is away, and forgets it after maxGap", () => {
    expect(status({ a: "......", b: "!!!!!-" }).status).toMatchObject({
      state: "unknown",
      unknown: "no-data",
      series: '{pod="b"}',
    });
    expect(status({ a: "......", b: "!!!!--" }).status).toMatchObject({
      state: "inactive",
      series: '{pod="a"}',
    });
  });

  test("fires over a hole in one series that the window tolerates", () => {
    expect(status({ a: "......", b: "!!!-!!" }).status.state).toBe("firing");
    expect(status({ a: "......", b: "!!--!!" }).status.state).toBe("pending");
  });

  test("takes no notice of a healthy series that is gone", () => {
    expect(status({ a: "......", b: ".....-" }).status.state).toBe("inactive");
  });

  test("is unknown when one series is not a number and none breaches", () => {
    expect(status({ a: "......", b: ".....?" }).status).toMatchObject({
      state: "unknown",
      unknown: "impossible",
      series: '{pod="b"}',
    });
    expect(status({ a: "!!!!!!", b: ".....?" }).status.state).toBe("firing");
  });

  test("is unknown as a whole when there is no answer or no series", () => {
    expect(status({ a: "!!!!!#" }).status).toMatchObject({ state: "unknown", unknown: "unreachable" });
    expect(status({ a: "!!!!!-" }).status).toMatchObject({ state: "unknown", unknown: "no-data" });
    expect(status({ a: "!!!!!#" }).status.series).toBeUndefined();
  });

  test("judges the worst series by the side of the threshold", () => {
    const { status: worst } = status(
      { a: "!!!!!!", b: "......" },
      { threshold: { op: "below", value: 1, text: "1" } },
    );
    expect(worst).toMatchObject({ state: "firing", series: '{pod="b"}', value: 0.01 });
  });

  test("confirms one series whatever the others do", () => {
    const trigger = metricTrigger({ aggregate: "each", forMs: FOR });
    const slots = eachSlots({ a: "!!!!!!", b: "!!!!!." });
    expect(seriesStatus(trigger, INTERVAL, '{pod="b"}', slots).state).toBe("inactive");
    expect(seriesStatus(trigger, INTERVAL, '{pod="a"}', slots).state).toBe("firing");
    expect(seriesStatus(trigger, INTERVAL, '{pod="c"}', slots).state).toBe("unknown");
  });
});
