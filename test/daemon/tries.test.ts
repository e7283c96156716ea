import { describe, expect, it } from "vitest";
import { type Begun, type Checked, type End, tryUntilOver } from "../../src/daemon/tries.ts";
import type { ActOutcome, Again, Failed, RollbackOrder, Strategy } from "../../src/rollback/act.ts";
import { unchanged } from "../../src/rollback/attempts.ts";
import { formatDuration } from "../../src/text/format.ts";
import { MINUTE, policy, revision, TEN } from "../support/model.ts";

const ORDER: RollbackOrder = {
  decisionId: "d1",
  policy: policy(),
  target: "shop/api",
  release: "shop/api@2",
  uid: "u1",
  from: revision("2"),
  to: revision("1"),
  trigger: "error-rate",
  fired: ["error-rate"],
  reason: "errors",
};
const { timeoutMs } = ORDER.policy.rollback;

const APPLIED: ActOutcome = { kind: "applied", detail: "put back" };
const CLEAR: Checked = { kind: "clear" };
const UNKNOWN: Checked = { kind: "wait", detail: "error-rate is unknown (no-data), so no try was sent" };

function answered(
  answer: string,
  more: Partial<Again> = {},
  failure = unchanged("unreachable", answer),
): Again {
  return { kind: "again", failure, answer, ...more };
}

const unsure: Failed = { kind: "failed", reason: "unreachable", detail: "no answer" };

interface Script {
  /** What each try comes to; the last for ever. */
  readonly tries?: readonly ActOutcome[];
  /** What each check before a try says; the last for ever. */
  readonly checks?: readonly Checked[];
  readonly shown?: Awaited<ReturnType<Strategy["inspect"]>>;
  readonly begun?: Partial<Begun>;
}

/** Runs all tries on a clock that only pauses move. */
async function run({ tries = [APPLIED], checks = [CLEAR], shown = "not-applied", begun = {} }: Script) {
  let now = TEN;
  let nth = 0;
  let checked = 0;
  const pauses: number[] = [];
  const triedAt: number[] = [];
  const told: { readonly at: number; readonly failure: Failed; readonly until: number }[] = [];
  const strategy: Strategy = {
    repeatable: true,
    act: async () => {
      triedAt.push(now);
      nth += 1;
      return tries[Math.min(nth, tries.length) - 1] ?? APPLIED;
    },
    inspect: async () => shown,
  };
  const end = await tryUntilOver(
    ORDER,
    { startedAt: TEN, isResumed: false, isTold: false, ...begun },
    {
      strategy,
      recheck: async () => {
        checked += 1;
        return checks[Math.min(checked, checks.length) - 1] ?? CLEAR;
      },
      onSuspended: async () => undefined,
      onTrouble: async (trouble) => void told.push({ at: now, ...trouble }),
      now: () => now,
      pause: async (ms) => {
        pauses.push(ms);
        now += ms;
      },
    },
    new AbortController().signal,
  );
  return { end, triedAt, told, pauses, checked, endedAt: now };
}

const failureOf = (end: End | undefined): Failed => {
  if (end?.kind !== "failed") throw new Error(`it is ${end?.kind}`);
  return end;
};

describe("tries of a rollback", () => {
  it("go on after 429 and get through, with Retry-After kept", async () => {
    const busy = answered("429", { notBeforeMs: 1_000 });
    const { end, triedAt, told } = await run({ tries: [busy, busy, busy, busy, busy, APPLIED] });
    expect(end).toEqual(APPLIED);
    expect(triedAt).toHaveLength(6);
    const gaps = triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(told).toEqual([]);
  });

  it("end at the time-out with what was answered and how often, and give up", async () => {
    const { end, endedAt } = await run({ tries: [answered("503"), answered("no answer")] });
    expect(endedAt).toBe(TEN + timeoutMs);
    expect(end).toMatchObject({ kind: "failed", reason: "unreachable", changed: false, gaveUp: true });
    expect(failureOf(end).detail).toMatch(
      /rollback\.timeout.* \d+ tries since .*: 1 answered 503, \d+ got no answer\.$/u,
    );
  });

  it("are told at once, and once, when a right is missing or admission refuses", async () => {
    const denied = answered("403", { isRefused: true }, unchanged("forbidden", "it is forbidden"));
    const { told } = await run({ tries: [denied] });
    expect(told).toMatchObject([{ at: TEN, failure: { reason: "forbidden" }, until: TEN + timeoutMs }]);
    expect(told[0]?.failure.detail).toContain("1 try since");
  });

  it("are told once after 30 s when nothing else gets through", async () => {
    const { told } = await run({ tries: [answered("429")] });
    expect(told).toHaveLength(1);
    expect((told[0]?.at ?? 0) - TEN).toBeGreaterThanOrEqual(30_000);
    expect((told[0]?.at ?? 0) - TEN).toBeLessThan(40_000);
  });

  it("are not told again after a restart", async () => {
    const denied = answered("403", { isRefused: true });
    expect((await run({ tries: [denied], begun: { isTold: true, isResumed: true } })).told).toEqual([]);
  });

  it("go on within the same time-out after a restart", async () => {
    const begun = { startedAt: TEN - timeoutMs + MINUTE, isResumed: true };
    const { endedAt } = await run({ tries: [answered("429")], begun });
    expect(endedAt).toBe(TEN + MINUTE);
  });

  it("are not sent while a trigger that fired is unknown, and the time runs", async () => {
    const { end, triedAt, endedAt } = await run({ checks: [UNKNOWN] });
    expect(triedAt).toEqual([]);
    expect(endedAt).toBe(TEN + timeoutMs);
    expect(end).toMatchObject({ kind: "failed", reason: "not-confirmed", changed: false, gaveUp: true });
    expect(failureOf(end).detail).toContain("error-rate is unknown (no-data), so no try was sent");
  });

  it("go on when the trigger is known again", async () => {
    const { end, triedAt } = await run({ checks: [UNKNOWN, UNKNOWN, CLEAR] });
    expect(end).toEqual(APPLIED);
    expect(triedAt).toEqual([TEN + 2_000]);
  });

  it("end with the reason that holds them, unchanged, and give up nothing", async () => {
    const frozen: Checked = { kind: "held", reason: "frozen", detail: "token:alice froze it" };
    const { end, triedAt } = await run({ tries: [answered("429")], checks: [CLEAR, frozen] });
    expect(triedAt).toHaveLength(1);
    expect(end).toEqual(unchanged("frozen", "token:alice froze it."));
  });

  it("are checked before each of them", async () => {
    const { checked, triedAt } = await run({ tries: [answered("429"), answered("429"), APPLIED] });
    expect(triedAt).toHaveLength(3);
    expect(checked).toBe(3);
  });

  it("that may have changed something do not count as unchanged while the target cannot be seen", async () => {
    const lost = answered("no answer", {}, unsure);
    const unread = answered("no answer", { isUnread: true });
    const { end } = await run({ tries: [lost, unread], shown: "not-observable" });
    expect(failureOf(end).changed).toBeUndefined();
  });

  it.each(["not-confirmed", "frozen"] as const)(
    "that may have changed something are looked at when %s holds the next one",
    async (reason) => {
      const lost = answered("no answer", {}, unsure);
      const held: Checked = { kind: "held", reason, detail: "the triggers are healthy" };
      const ended = async (shown: NonNullable<Script["shown"]>) =>
        (await run({ tries: [lost], checks: [CLEAR, held], shown })).end;
      expect(await ended("applied")).toMatchObject({ kind: "applied" });
      expect(await ended("not-applied")).toEqual(unchanged(reason, "the triggers are healthy."));
      expect(failureOf(await ended("not-observable")).changed).toBeUndefined();
    },
  );

  it("go on a minute later when a proxy asks to wait for longer than the time-out", async () => {
    const { end, triedAt } = await run({ tries: [answered("503", { notBeforeMs: 900_000 }), APPLIED] });
    expect(end).toEqual(APPLIED);
    expect(triedAt).toEqual([TEN, TEN + MINUTE]);
  });

  it("say for how long they went on when the wait that is asked for ends after the time-out", async () => {
    const { end, endedAt } = await run({ tries: [answered("503", { notBeforeMs: 45_000 })] });
    const elapsed = (endedAt - TEN) / 1_000;
    expect(elapsed).toBeLessThan(timeoutMs / 1_000);
    expect(failureOf(end).detail).toContain(`Tried for ${formatDuration(endedAt - TEN)} of`);
  });

  it("that may have changed something are looked at once more at the end", async () => {
    const lost = answered("no answer", {}, unsure);
    expect((await run({ tries: [lost], shown: "applied" })).end).toMatchObject({ kind: "applied" });
    expect((await run({ tries: [lost], shown: "not-applied" })).end).toMatchObject({ changed: false });
  });

  it("wait for pods that get ready without a page, and look every second", async () => {
    const waiting: Again = { kind: "again", failure: unchanged("target-not-ready", "blue: 0 of 2 ready") };
    const tries = [...Array.from({ length: 60 }, () => waiting), APPLIED];
    const { end, told, triedAt } = await run({ tries });
    expect(end).toEqual(APPLIED);
    expect(told).toEqual([]);
    expect(triedAt.at(-1)).toBe(TEN + 60_000);
  });

  it("keep saying what was done in part when something keeps the rest from being done", async () => {
    const half: Failed = { kind: "failed", reason: "partly-applied", detail: "api was moved." };
    const frozen: Checked = { kind: "held", reason: "frozen", detail: "token:alice froze it" };
    const { end } = await run({ tries: [answered("429", {}, half)], checks: [CLEAR, frozen] });
    expect(end).toEqual({ ...half, detail: "api was moved. Why not: token:alice froze it" });
  });

  it.each(["superseded", "paused", "held-back"] as const)("leave %s to the next decision", async (reason) => {
    const { end } = await run({ tries: [unchanged(reason, "it is so")] });
    expect(end).toEqual(unchanged(reason, "it is so"));
  });

  it("give up a revision that is gone", async () => {
    const { end } = await run({ tries: [unchanged("revision-missing", "it is gone")] });
    expect(end).toMatchObject({ reason: "revision-missing", changed: false, gaveUp: true });
  });

  it("grow apart to eight seconds at most, with jitter", async () => {
    const { pauses } = await run({ tries: [answered("429")] });
    expect(Math.max(...pauses)).toBeLessThanOrEqual(8_000);
    expect(new Set(pauses).size).toBeGreaterThan(10);
    expect(pauses.length).toBeGreaterThan(60);
  });
});
