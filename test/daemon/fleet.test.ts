import { describe, expect, it } from "vitest";
import { createFleet, type HeatOnRecord, type Member } from "../../src/daemon/fleet.ts";

const LONG = 60_000;

function three(was: HeatOnRecord, patienceMs = LONG) {
  const fleet = createFleet(patienceMs);
  const [a, b, c] = ["a", "b", "c"].map((name) => fleet.join(name, `shop/${name}`, was)) as [
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
    const { fleet, a } = three("firing");
    a.measured("firing");
    expect(fleet.massBreach("shop/a")).toMatch("3 of 3 targets");
    const mended = three("firing");
    mended.a.measured("firing");
    mended.b.measured("quiet");
    expect(mended.fleet.massBreach("shop/a")).toBeUndefined();
  });

  it("trap 30: the first to be measured waits for those that were not yet, and not for ever", async () => {
    const { a, b, c } = three("quiet");
    a.measured("firing");
    const others = a.othersMeasured();
    b.measured("firing");
    expect(await isOver(others)).toBe(false);
    c.measured("firing");
    expect(await isOver(others)).toBe(true);

    const hasty = three("quiet", 5);
    hasty.a.measured("firing");
    await hasty.a.othersMeasured();
  });

  it("one that leaves is not waited for", async () => {
    const { a, b, c } = three("quiet");
    a.measured("firing");
    b.measured("quiet");
    const others = a.othersMeasured();
    c.leave();
    expect(await isOver(others)).toBe(true);
  });
});

it("in a pass each waits for those that are being measured, and for no one else", async () => {
  const { a, b, c } = three("quiet");
  for (const member of [a, b, c]) member.measured("quiet");
  expect(await isOver(a.othersMeasured())).toBe(true);
  b.measuring();
  const others = a.othersMeasured();
  expect(await isOver(others)).toBe(false);
  b.measured("firing");
  expect(await isOver(others)).toBe(true);
});

it("trap 30: a pass that breaks off holds nobody up, and what it could not measure is as it was", async () => {
  const { fleet, a, b, c } = three("quiet");
  for (const member of [a, b, c]) member.measured("firing");
  b.measuring();
  const others = a.othersMeasured();
  b.notMeasured();
  expect(await isOver(others)).toBe(true);
  expect(fleet.massBreach("shop/a")).toMatch("3 of 3 targets fire");
});

it("policies of one target count once, and the newest of a name alone", () => {
  const { fleet, a, b, c } = three("quiet");
  const again = fleet.join("a", "shop/a", "quiet");
  const watcher = fleet.join("watcher", "shop/b", "quiet");
  for (const member of [a, again, b, watcher]) member.measured("firing");
  expect(fleet.massBreach("shop/a")).toBeUndefined();
  a.leave();
  c.measured("firing");
  expect(fleet.massBreach("shop/b")).toMatch("3 of 3 targets");
});

describe("trap 30: a mass breach that ends target by target", () => {
  it("holds the last of them until it has been quiet", () => {
    const { fleet, a, b, c } = three("quiet");
    for (const member of [a, b, c]) member.measured("firing");
    expect(fleet.massBreach("shop/a")).toMatch("3 of 3 targets fire");
    b.measured("quiet");
    expect(fleet.massBreach("shop/a")).toMatch("only 2 of 3 targets fire by now");
    c.measured("quiet");
    a.measured("near");
    expect(fleet.massBreach("shop/a")).toMatch("only 0 of 3");
    a.measured("firing");
    expect(fleet.massBreach("shop/a")).toMatch("only 1 of 3");
    a.measured("quiet");
    expect(fleet.massBreach("shop/a")).toBeUndefined();
    a.measured("firing");
    expect(fleet.massBreach("shop/a")).toBeUndefined();
  });

  it("a restart in it does not free them", () => {
    const { fleet, a, b, c } = three("caught");
    b.measured("quiet");
    c.measured("quiet");
    a.measured("firing");
    expect(fleet.massBreach("shop/a")).toMatch("only 1 of 3");
  });
});
