import { expect, it } from "vitest";
import { HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { fakeTarget } from "./fake-target.ts";
import { createWorld, startDaemon, type World } from "./world.ts";

const DAY = 24 * HOUR;

/** A daemon that starts at ten on a version that has been live for `ageMs`; gives back how far the past was read. */
async function pastRead(
  ageMs: number,
  changes: Parameters<typeof policy>[0] = {},
): Promise<{ readonly world: World; readonly readMs: number }> {
  const target = fakeTarget("vcci-production/vcci-api", { digest: "v1", at: TEN - ageMs });
  const world = { ...createWorld(TEN), target };
  world.prometheus.put("errors:ratio", breaching(Number.POSITIVE_INFINITY));
  const daemon = startDaemon(world, policy(changes));
  await daemon.load();
  await daemon.pass();
  const from = Math.min(...world.prometheus.asked.map((grid) => grid.from));
  return { world, readMs: TEN - from };
}

/** Of the trigger: `for: 5m`, and one slot more. */
const WINDOW = 5 * MINUTE + INTERVAL;

it("of a release under guard is read from an hour and a window before its start", async () => {
  expect((await pastRead(50 * MINUTE)).readMs).toBe(110 * MINUTE + WINDOW);
  expect((await pastRead(HOUR)).readMs).toBe(2 * HOUR + WINDOW);
  expect((await pastRead(23 * HOUR, { guard: DAY })).readMs).toBe(DAY + WINDOW);
});

it("of one that has been live for months is read as far as it takes to prove it, and proves it", async () => {
  const { world, readMs } = await pastRead(90 * DAY);
  expect(readMs).toBe(2 * HOUR + WINDOW);
  expect(world.marked).toEqual(["v1 good"]);
  expect((await pastRead(90 * DAY, { guard: "always" })).readMs).toBe(2 * HOUR + WINDOW);
});

it("is as much as blaming the next release takes, where the target is not seen", async () => {
  const target = fakeTarget("vcci-production/vcci-api", { digest: "v1", at: TEN - DAY });
  const world = { ...createWorld(TEN), target };
  target.trouble = { ok: false, reason: "not-found", detail: "gone" };
  const daemon = startDaemon(world, policy());
  await daemon.load();
  await daemon.pass();
  expect(TEN - Math.min(...world.prometheus.asked.map(({ from }) => from))).toBe(HOUR + WINDOW);
});

it("is at least the windows that are judged", async () => {
  const trigger = metricTrigger({ forMs: 6 * HOUR });
  const { readMs } = await pastRead(90 * DAY, { triggers: [trigger], provenAfterMs: MINUTE });
  expect(readMs).toBe(2 * (6 * HOUR + INTERVAL) + MINUTE);
});

it("is read once, however old the release", async () => {
  const { world } = await pastRead(90 * DAY);
  const daemon = startDaemon(world, policy());
  await daemon.pass();
  const before = world.prometheus.asked.length;
  await daemon.passUntil(TEN + MINUTE);
  expect(world.prometheus.asked.slice(before).every(({ from, to }) => from === to)).toBe(true);
});
