import { describe, expect, it } from "vitest";
import { createFleet, type Member } from "../../src/daemon/fleet.ts";

const LONG = 60_000;

function three(wasFiring: boolean, patienceMs = LONG) {
  const fleet = createFleet(patienceMs);
  const [a, b, c] = ["a", "b", "c"].map((name) => fleet.join(name, `shop/${name}`, wasFiring)) as [
    Member,
    Member,
    Member,
  ];
  return { fleet, a, b, c };
}

/** Whether `promise` is settled once everything that can go on has gone on. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return over;
}

describe("after a start", () => {
  it("trap 30: what fired before it counts until it was measured", () => {
    const { fleet, a, b } = three(true);
    a.measured(true);
    expect(fleet.massBreach()).toMatch("3 of 3 targets");
    b.measured(false);
    expect(fleet.massBreach()).toBeUndefined();
  });

  it("trap 30: the first to be measured waits for those that were not yet, and not for ever", async () => {
    const { a, b, c } = three(false);
    a.measured(true);
    const others = a.othersMeasured();
    b.measured(true);
    expect(await isOver(others)).toBe(false);
    c.measured(true);
    expect(await isOver(others)).toBe(true);

    const hasty = three(false, 5);
    hasty.a.measured(true);
    await hasty.a.othersMeasured();
  });

  it("one that leaves is not waited for", async () => {
    const { a, b, c } = three(false);
    a.measured(true);
    b.measured(false);
    const others = a.othersMeasured();
    c.leave();
    expect(await isOver(others)).toBe(true);
  });
});

it("in a pass each waits for those that are being measured, and for no one else", async () => {
  const { a, b, c } = three(false);
  for (const member of [a, b, c]) member.measured(false);
  expect(await isOver(a.othersMeasured())).toBe(true);
  b.measuring();
  const others = a.othersMeasured();
  expect(await isOver(others)).toBe(false);
  b.measured(true);
  expect(await isOver(others)).toBe(true);
});

it("policies of one target count once, and the newest of a name alone", () => {
  const { fleet, a, b, c } = three(false);
  const again = fleet.join("a", "shop/a", false);
  const watcher = fleet.join("watcher", "shop/b", false);
  for (const member of [a, again, b, watcher]) member.measured(true);
  expect(fleet.massBreach()).toBeUndefined();
  a.leave();
  c.measured(true);
  expect(fleet.massBreach()).toMatch("3 of 3 targets");
});
