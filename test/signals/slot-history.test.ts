import { expect, test } from "vitest";
import type { Answer, InstantSeries, RangeSeries } from "../../src/signals/query.ts";
import { createSlotHistories, type History } from "../../src/signals/slot-history.ts";
import { HOUR, INTERVAL, TEN } from "../support/model.ts";

/** A server whose expression gives the seconds of each instant; `asked` has what it was asked. */
function server() {
  const asked: string[] = [];
  const state = { endpoint: "a", isDown: false, asked };
  const answer = <Series>(series: readonly Series[]): Answer<Series> =>
    state.isDown
      ? { ok: false, reason: "unreachable", detail: "refused", endpoint: state.endpoint }
      : { ok: true, series, endpoint: state.endpoint };
  const histories = createSlotHistories(
    {
      instant: async (expr, at) => {
        asked.push(`${expr} at ${(at - TEN) / INTERVAL}`);
        return answer<InstantSeries>([{ labels: {}, at, value: at / 1000 }]);
      },
      range: async (expr, { from, to, stepMs }) => {
        asked.push(`${expr} from ${(from - TEN) / INTERVAL} to ${(to - TEN) / INTERVAL}`);
        const points = Array.from({ length: (to - from) / stepMs + 1 }, (_, index) => {
          const at = from + index * stepMs;
          return { at, value: at / 1000 };
        });
        return answer<RangeSeries>([{ labels: {}, points }]);
      },
    },
    INTERVAL,
  );
  return Object.assign(state, histories);
}

const valueAt = (history: History, slot: number) => (history.ok ? history.at(slot) : history.reason);

test("a history asks for the hour once, and then for one slot in each pass", async () => {
  const prometheus = server();
  for (const slot of [0, 1, 2]) {
    const history = await prometheus.until("e", TEN + slot * INTERVAL, false);
    expect(valueAt(history, TEN + slot * INTERVAL)).toBe((TEN + slot * INTERVAL) / 1000);
    expect(valueAt(history, TEN - 3 * INTERVAL)).toBe((TEN - 3 * INTERVAL) / 1000);
  }
  expect(prometheus.asked).toEqual(["e from -240 to 0", "e at 1", "e at 2"]);
});

test("a history forgets what is older than an hour", async () => {
  const prometheus = server();
  await prometheus.until("e", TEN, false);
  const history = await prometheus.until("e", TEN + INTERVAL, false);
  expect(valueAt(history, TEN + INTERVAL - HOUR)).toBeDefined();
  expect(valueAt(history, TEN - HOUR)).toBeUndefined();
});

test("a history is asked for once when several triggers want the same in one pass", async () => {
  const prometheus = server();
  await prometheus.until("e", TEN, false);
  await Promise.all([1, 2, 3].map(() => prometheus.until("e", TEN + INTERVAL, false)));
  expect(prometheus.asked).toEqual(["e from -240 to 0", "e at 1"]);
});

test("a history is asked for as a whole after a slot was missed, a clock went back, or on demand", async () => {
  const prometheus = server();
  await prometheus.until("e", TEN, false);
  await prometheus.until("e", TEN + 3 * INTERVAL, false);
  await prometheus.until("e", TEN, false);
  await prometheus.until("e", TEN, true);
  expect(prometheus.asked.every((what) => what.includes("from"))).toBe(true);
  expect(prometheus.asked).toHaveLength(4);
});

test("trap 12: a history is the word of one endpoint", async () => {
  const prometheus = server();
  await prometheus.until("e", TEN, false);
  prometheus.endpoint = "b";
  const history = await prometheus.until("e", TEN + INTERVAL, false);
  expect(history).toMatchObject({ ok: true, endpoint: "b" });
  expect(prometheus.asked).toEqual(["e from -240 to 0", "e at 1", "e from -239 to 1"]);
});

test("a history that could not be asked for is asked for as a whole in the next pass", async () => {
  const prometheus = server();
  await prometheus.until("e", TEN, false);
  prometheus.isDown = true;
  expect(await prometheus.until("e", TEN + INTERVAL, false)).toMatchObject({ reason: "unreachable" });
  prometheus.isDown = false;
  await prometheus.until("e", TEN + 2 * INTERVAL, false);
  expect(prometheus.asked.at(-1)).toBe("e from -238 to 2");
});

test("a range asks for the hour before its first slot, in one query, and is remembered for the next pass", async () => {
  const prometheus = server();
  await prometheus.over("e", { from: TEN, to: TEN + 10 * INTERVAL, stepMs: INTERVAL });
  await prometheus.until("e", TEN + 11 * INTERVAL, false);
  expect(prometheus.asked).toEqual(["e from -240 to 10", "e at 11"]);
});
