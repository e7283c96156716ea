import { expect, it } from "vitest";
import { inTurns } from "../../src/daemon/turns.ts";
import type { InstantQuery } from "../../src/signals/query.ts";

const answered: InstantQuery = async () => ({ ok: true, series: [], endpoint: "http://prometheus:9090" });

it("answers that come at once are handed over one in each turn, and timers fire in between", async () => {
  const { instant, range } = inTurns({ instant: answered, range: answered as never });
  const order: string[] = [];
  let turns = 0;
  const watch = setInterval(() => {
    turns += 1;
  }, 0);
  const work = async (asked: Promise<unknown>, name: string): Promise<void> => {
    await asked;
    const until = performance.now() + 5;
    while (performance.now() < until);
    order.push(name);
  };
  const grid = { from: 0, to: 0, stepMs: 1 };
  await Promise.all([
    work(instant("a", 0), "a"),
    work(range("b", grid), "b"),
    work(instant("c", 0), "c"),
    work(instant("d", 0), "d"),
  ]);
  clearInterval(watch);
  expect(order).toEqual(["a", "b", "c", "d"]);
  expect(turns).toBeGreaterThanOrEqual(3);
});

it("an answer that is late holds up no other", async () => {
  const late = Promise.withResolvers<never>();
  const { instant } = inTurns({
    instant: (expr, at) => (expr === "late" ? late.promise : answered(expr, at)),
    range: answered as never,
  });
  void instant("late", 0);
  expect(await instant("soon", 0)).toMatchObject({ ok: true });
});
