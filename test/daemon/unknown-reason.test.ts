import { expect, it } from "vitest";
import { createTeller } from "../../src/notifications/teller.ts";
import type { Sample, UnknownReason } from "../../src/signals/sample.ts";
import { clock, HOUR, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { createWorld, ofType, startDaemon, type World } from "./world.ts";

const EXPR = "errors:ratio";

/** What is measured from each instant on: a value, or why there is none. */
type Course = readonly (readonly [from: string, is: number | UnknownReason])[];

function measured(world: World, course: Course): void {
  world.prometheus.put(EXPR, (at): Sample => {
    const is = course.findLast(([from]) => clock(from) <= at)?.[1] ?? 0.01;
    return typeof is === "number" ? { at, value: is } : { at, unknown: is, detail: "it says so" };
  });
}

async function watched(course: Course, until: string) {
  const world = createWorld(TEN - HOUR);
  measured(world, course);
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.passUntil(clock(until));
  return { world, daemon };
}

const reasons = (world: World) =>
  world.log.records.flatMap((record) =>
    "slot" in record && record.unknown !== undefined ? [`${record.from} → ${record.unknown}`] : [],
  );
const told = (world: World) => {
  const teller = createTeller();
  return world.log.records.flatMap((record) => teller(record)).filter(({ event }) => event === "info");
};

it("an unknown reason of another kind is recorded, once and not in every slot", async () => {
  const { world } = await watched(
    [
      ["10:00:00", "no-data"],
      ["10:05:00", "query-rejected"],
      ["10:10:00", "unreachable"],
    ],
    "10:20:00",
  );
  expect(reasons(world)).toEqual(["inactive → no-data", "unknown → query-rejected", "unknown → unreachable"]);
});

it("reasons of one kind that take turns are one record", async () => {
  const { world } = await watched(
    [
      ["10:00:00", "no-data"],
      ["10:00:15", "low-traffic"],
      ["10:00:30", "impossible"],
      ["10:01:00", "no-data"],
    ],
    "10:05:00",
  );
  expect(reasons(world)).toEqual(["inactive → no-data"]);
});

it("trap 13: a query that becomes rejected is told to its owner at once and once, and a restart does not tell it again", async () => {
  const { world } = await watched(
    [
      ["10:00:00", "no-data"],
      ["10:05:00", "query-rejected"],
      ["10:06:00", "unreachable"],
      ["10:07:00", "query-rejected"],
    ],
    "10:08:00",
  );
  const again = startDaemon(world, policy());
  await again.load();
  await again.passUntil(clock("10:30:00"));
  expect(told(world)).toMatchObject([
    {
      event: "info",
      severity: "warning",
      policy: "vcci-api",
      at: "2026-03-02T10:05:00.000Z",
      title: "error-rate of vcci-api is broken: its query is rejected",
      lines: [
        expect.stringMatching(
          /^error-rate is unknown: query-rejected \(it says so\); .*0 of 21 slots known\.$/,
        ),
        expect.stringMatching(/rolls nothing back.*Next: correct the query/),
      ],
    },
  ]);
  // That it says nothing is no news after that.
  expect(ofType(world, "evaluation.no-data")).toEqual([]);
});

it("trap 13: one that works again and is rejected again is told again, and so is one that was not mended by an edit", async () => {
  const { world, daemon } = await watched([["10:00:00", "query-rejected"]], "10:01:00");
  expect(told(world)).toHaveLength(1);
  measured(world, [
    ["10:02:00", 0.01],
    ["10:03:00", "query-rejected"],
  ]);
  await daemon.passUntil(clock("10:04:00"));
  expect(told(world)).toHaveLength(2);
  const edited = startDaemon(world, policy({ triggers: [metricTrigger({ hash: "h9" })] }));
  await edited.load();
  await edited.passUntil(clock("10:05:00"));
  expect(told(world)).toHaveLength(3);
  await edited.passUntil(clock("10:30:00"));
  expect(told(world)).toHaveLength(3);
});
