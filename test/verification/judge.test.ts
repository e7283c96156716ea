import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, type VerificationFacts } from "../../src/verification/judge.ts";
import { clock, HOUR, MINUTE, SECOND, TEN } from "../support/model.ts";

type Trigger = VerificationFacts["triggers"][number];

/** Of 21 slots, all of them known, `breaching` breached. */
const trigger = (
  state: Trigger["state"],
  at: number,
  name = "error-rate",
  breaching = state === "firing" ? 21 : 1,
): Trigger => ({
  trigger: name,
  state,
  at,
  reason: "0.2 %, not above 5 %, 21 of 21 slots",
  window: { from: at - 5 * MINUTE, to: at, size: 21, known: 21, breaching, longestGapMs: 0 },
});

/** The newest of these in a row at `at`; one every 10 s, each within 2 s. */
function probed(consecutiveOk: number, at: number): NonNullable<VerificationFacts["probe"]> {
  const last = { at, detail: "HTTP 200 in 4 ms" };
  return { wanted: 3, consecutiveOk, lastOkAt: at, freshMs: 12 * SECOND, last };
}
const NOT_PROBED = {
  wanted: 3,
  consecutiveOk: 0,
  lastOkAt: undefined,
  freshMs: 12 * SECOND,
  last: undefined,
};

const ALL_MET: VerificationFacts = {
  at: clock("10:02:00"),
  appliedAt: TEN,
  timeoutMs: 5 * MINUTE,
  recoveryMs: 10 * MINUTE,
  notLateBefore: TEN,
  rollout: { kind: "complete", at: clock("10:00:42"), detail: "3 of 3 pods updated, 3 ready" },
  // Fresh at any time of these tests.
  probe: { ...probed(3, clock("10:01:50")), freshMs: 24 * HOUR },
  smoke: { kind: "passed", at: clock("10:01:30"), detail: "bash smoke.sh exited with code 0 after 12s" },
  triggers: [trigger("inactive", clock("10:01:45")), trigger("inactive", clock("10:01:45"), "p95-latency")],
};

const ROLLING = { kind: "running", stalled: false, detail: "1 of 3 pods updated" } as const;
const FRESH = clock("10:01:45");

const pending = (...waitingFor: string[]) => ({ kind: "pending", waitingFor });
const failed = (reason: string) => ({ kind: "failed", reason });
const VERIFIED = { kind: "verified" };

describe("a trigger that says nothing of whether a rollback helped", () => {
  test.each(["unknown", "firing", "inactive"] as const)("is told and not waited for: %s", (state) => {
    const triggers = [...ALL_MET.triggers, trigger(state, FRESH, "critical-vulnerability")];
    const verdict = judge({ ...ALL_MET, triggers, beside: ["critical-vulnerability"] });
    expect(verdict).toMatchObject(VERIFIED);
    expect(verdict.steps.at(-1)).toMatch(
      new RegExp(`^critical-vulnerability (is not what this was for|recovered), ${state} at`),
    );
  });
});

describe("a trigger that did not fire before a person asked", () => {
  const judged = (state: Trigger["state"], at: number) =>
    judge({ ...ALL_MET, triggers: [trigger(state, at)], mustRecover: [] });

  test("has to be seen after the act, for until then it says nothing about what was put back", () => {
    expect(judged("inactive", clock("10:00:30"))).toMatchObject(pending("recovery"));
    expect(judged("inactive", FRESH)).toMatchObject(VERIFIED);
  });

  test("may be unknown after it, and may not fire", () => {
    expect(judged("unknown", FRESH)).toMatchObject(VERIFIED);
    expect(judged("firing", FRESH)).toMatchObject(pending("recovery"));
  });

  test("is waited for while it is pending, until the deadline", () => {
    const facts = { ...ALL_MET, triggers: [trigger("pending", FRESH)], mustRecover: [] };
    expect(judge(facts)).toMatchObject(pending("recovery"));
    expect(judge({ ...facts, at: clock("10:10:42") })).toMatchObject(VERIFIED);
  });
});

describe("a rollback is", () => {
  test("verified when all is met, each step with its time and numbers", () => {
    expect(judge(ALL_MET)).toEqual({
      kind: "verified",
      steps: [
        "rollout complete at 2026-03-02 10:00:42Z, 42 s after the act: 3 of 3 pods updated, 3 ready",
        "probe passed 3 of 3 in a row: HTTP 200 in 4 ms at 2026-03-02 10:01:50Z",
        "smoke test passed at 2026-03-02 10:01:30Z: bash smoke.sh exited with code 0 after 12s",
        "error-rate recovered, inactive at 2026-03-02 10:01:45Z: 0.2 %, not above 5 %, 21 of 21 slots",
        "p95-latency recovered, inactive at 2026-03-02 10:01:45Z: 0.2 %, not above 5 %, 21 of 21 slots",
      ],
    });
  });

  const cases: readonly (readonly [string, Partial<VerificationFacts>, object])[] = [
    ["nothing more configured", { probe: undefined, smoke: { kind: "not-configured" } }, VERIFIED],
    [
      "rollout running",
      { rollout: ROLLING, smoke: { kind: "not-run" } },
      pending("rollout", "smoke", "recovery"),
    ],
    [
      "rollout in time to the last",
      { rollout: ROLLING, at: clock("10:04:59") },
      pending("rollout", "recovery"),
    ],
    ["rollout too slow", { rollout: ROLLING, at: clock("10:05:00") }, failed("rollout-timeout")],
    [
      "trap 24: rollout held up by a pod",
      { rollout: { ...ROLLING, stalled: true, blocked: true } },
      failed("rollout-blocked"),
    ],
    ["trap 38: rollout stuck", { rollout: { ...ROLLING, stalled: true } }, failed("rollout-stalled")],
    [
      "trap 21: something else shipped",
      { rollout: { kind: "superseded", detail: "v3" } },
      failed("superseded"),
    ],
    ["two of three probes", { probe: probed(2, clock("10:01:50")) }, pending("probe")],
    [
      "two of three probes at the deadline",
      { probe: probed(2, clock("10:10:40")), at: clock("10:10:42") },
      failed("probe-timeout"),
    ],
    ["a success as old as one probe may take", { probe: probed(3, clock("10:01:48")) }, VERIFIED],
    ["a success older than that", { probe: probed(3, clock("10:01:47")) }, pending("probe")],
    [
      "a success older than that at the deadline",
      { probe: probed(3, clock("10:01:47")), at: clock("10:10:42") },
      failed("probe-timeout"),
    ],
    ["pending", { triggers: [trigger("pending", FRESH)] }, pending("recovery")],
    [
      "pending at the deadline",
      { triggers: [trigger("pending", FRESH)], at: clock("10:10:42"), probe: undefined },
      failed("recovery-timeout"),
    ],
    ["smoke test running", { smoke: { kind: "running" } }, pending("smoke")],
    [
      "smoke test running past the recovery",
      { smoke: { kind: "running" }, at: clock("11:00:00") },
      pending("smoke"),
    ],
    ["smoke test failed", { smoke: { kind: "failed", at: TEN, detail: "code 1" } }, failed("smoke-failed")],
    ["still firing", { triggers: [trigger("firing", FRESH)] }, pending("recovery")],
    ["unknown", { triggers: [trigger("unknown", FRESH)] }, pending("recovery")],
    [
      "trap 22: not firing only because of a hole in the data",
      { triggers: [trigger("pending", FRESH, "error-rate", 21)] },
      pending("recovery"),
    ],
    [
      "trap 22: the same at the deadline",
      { triggers: [trigger("pending", FRESH, "error-rate", 21)], at: clock("10:10:42") },
      failed("recovery-timeout"),
    ],
    [
      "inactive, but of before the end of the rollout",
      { triggers: [trigger("inactive", clock("10:00:42"))] },
      pending("recovery"),
    ],
    [
      "one of two firing",
      { triggers: [trigger("inactive", FRESH), trigger("firing", FRESH, "b")] },
      pending("recovery"),
    ],
    [
      "firing at the deadline",
      { triggers: [trigger("firing", FRESH)], at: clock("10:10:42") },
      failed("recovery-timeout"),
    ],
    [
      "firing just before it",
      { triggers: [trigger("firing", FRESH)], at: clock("10:10:41") },
      pending("recovery"),
    ],
    [
      "no traffic at the deadline",
      { triggers: [trigger("unknown", FRESH)], at: clock("10:10:42") },
      failed("recovery-unknown"),
    ],
    [
      "nothing evaluated since, at the deadline",
      { triggers: [trigger("inactive", TEN)], at: clock("10:10:42") },
      failed("recovery-unknown"),
    ],
    [
      "one unknown, one firing at the deadline",
      { triggers: [trigger("unknown", FRESH), trigger("firing", FRESH, "b")], at: clock("10:10:42") },
      failed("recovery-timeout"),
    ],
    [
      "rollout not observed: what was measured after the act counts",
      {
        rollout: { kind: "not-observed", detail: "no release.expr" },
        triggers: [trigger("inactive", TEN + SECOND)],
      },
      VERIFIED,
    ],
    [
      "rollout not observed: recovery is counted from the act",
      {
        rollout: { kind: "not-observed", detail: "" },
        triggers: [trigger("firing", FRESH)],
        at: clock("10:10:00"),
      },
      failed("recovery-timeout"),
    ],
    ["recovered after the deadline, while the daemon was down", { at: clock("12:00:00") }, VERIFIED],
    [
      "a restart long after the deadline: one look first",
      { triggers: [trigger("unknown", TEN)], at: clock("12:00:00"), notLateBefore: clock("12:00:30") },
      pending("recovery"),
    ],
    [
      "and then no more",
      { triggers: [trigger("unknown", TEN)], at: clock("12:00:30"), notLateBefore: clock("12:00:30") },
      failed("recovery-unknown"),
    ],
    [
      "a rollout whose end was seen late does not get its time twice",
      {
        rollout: { kind: "complete", at: clock("11:00:00"), detail: "" },
        triggers: [trigger("firing", clock("11:00:01"))],
        at: clock("11:00:01"),
      },
      failed("recovery-timeout"),
    ],
  ];
  test.each(cases)("%s", (_, changes, expected) => {
    expect(judge({ ...ALL_MET, ...changes })).toMatchObject(expected);
  });

  test("failed for a reason that its detail and steps repeat", () => {
    const verdict = judge({ ...ALL_MET, triggers: [trigger("firing", FRESH)], at: clock("10:10:42") });
    const detail =
      "error-rate has not left firing within 10 min, firing at 2026-03-02 10:01:45Z: 0.2 %, not above 5 %, 21 of 21 slots";
    expect(verdict).toMatchObject({ detail, steps: expect.arrayContaining([detail]) });
  });
});

describe("each step says what it waits for or failed at, with its numbers", () => {
  const SAID = "at 2026-03-02 10:01:45Z: 0.2 %, not above 5 %, 21 of 21 slots";
  const late = { at: clock("10:10:42") };
  test.each<[line: string, changes: Partial<VerificationFacts>]>([
    [
      "rollout not observed: no release.expr",
      { rollout: { kind: "not-observed", detail: "no release.expr" } },
    ],
    ["something else was shipped: v3", { rollout: { kind: "superseded", detail: "v3" } }],
    ["rollout stuck: 1 of 3 pods updated", { rollout: { ...ROLLING, stalled: true } }],
    ["rollout running: 1 of 3 pods updated", { rollout: ROLLING }],
    ["rollout not complete 5 min after the act: 1 of 3 pods updated", { rollout: ROLLING, ...late }],
    ["probe passed 0 of 3 in a row: none yet", { probe: NOT_PROBED }],
    ["probe passed 0 of 3 in a row: none yet, not enough within 10 min", { probe: NOT_PROBED, ...late }],
    [
      "probe passed 3 of 3 in a row, the last success 50 s ago: HTTP 200 in 4 ms at 2026-03-02 10:01:10Z",
      { probe: probed(3, clock("10:01:10")) },
    ],
    [
      "probe passed 3 of 3 in a row: HTTP 200 in 4 ms at 2026-03-02 10:01:50Z",
      { probe: probed(7, clock("10:01:50")) },
    ],
    ["smoke test not run yet", { smoke: { kind: "not-run" } }],
    ["smoke test running", { smoke: { kind: "running" } }],
    [
      "smoke test failed at 2026-03-02 10:00:00Z: code 1",
      { smoke: { kind: "failed", at: TEN, detail: "code 1" } },
    ],
    [`error-rate has not recovered yet, firing ${SAID}`, { triggers: [trigger("firing", FRESH)] }],
    [
      `error-rate has not been healthy within 10 min, pending ${SAID}`,
      { triggers: [trigger("pending", FRESH, "error-rate", 21)], ...late },
    ],
    [
      `whether error-rate recovered within 10 min is not known, unknown ${SAID}`,
      { triggers: [trigger("unknown", FRESH)], ...late },
    ],
  ])("%s", (line, changes) => {
    expect(judge({ ...ALL_MET, ...changes }).steps).toContain(line);
  });

  test("a step that is not configured says nothing", () => {
    const steps = judge({ ...ALL_MET, probe: undefined, smoke: { kind: "not-configured" } }).steps;
    expect(steps.map((line) => line.split(" ")[0])).toEqual(["rollout", "error-rate", "p95-latency"]);
  });
});

describe("while the rollout runs nothing counts as recovered, and nothing is too late for it", () => {
  test.each<VerificationFacts["rollout"]>([ROLLING, { kind: "superseded", detail: "v3" }])(
    "$kind",
    (rollout) => {
      const waiting = expect.stringContaining("error-rate has not recovered yet");
      const { steps } = judge({ ...ALL_MET, rollout, timeoutMs: 60 * MINUTE, at: clock("10:30:00") });
      expect(steps).toContainEqual(waiting);
    },
  );
});

const instant = fc.integer({ min: 0, max: 1_200 }).map((seconds) => TEN + seconds * SECOND);
const facts: fc.Arbitrary<VerificationFacts> = fc.record({
  at: instant,
  appliedAt: fc.constant(TEN),
  timeoutMs: fc.constantFrom(MINUTE, 5 * MINUTE),
  recoveryMs: fc.constantFrom(MINUTE, 10 * MINUTE),
  notLateBefore: instant,
  rollout: fc.oneof(
    fc.constant({ kind: "not-observed" as const, detail: "" }),
    fc.record({ kind: fc.constant("running" as const), stalled: fc.boolean(), detail: fc.constant("") }),
    fc.record({ kind: fc.constant("complete" as const), at: instant, detail: fc.constant("") }),
    fc.constant({ kind: "superseded" as const, detail: "" }),
  ),
  probe: fc.option(
    fc.record({
      wanted: fc.constant(3),
      consecutiveOk: fc.nat(3),
      lastOkAt: fc.option(instant, { nil: undefined }),
      freshMs: fc.constantFrom(12 * SECOND, HOUR),
      last: fc.constant(undefined),
    }),
    { nil: undefined },
  ),
  smoke: fc.oneof(
    fc.record({ kind: fc.constantFrom("not-configured" as const, "not-run" as const, "running" as const) }),
    fc.record({
      kind: fc.constantFrom("passed" as const, "failed" as const),
      at: instant,
      detail: fc.constant(""),
    }),
  ),
  triggers: fc.array(
    fc
      .tuple(
        fc.constantFrom("inactive" as const, "pending" as const, "firing" as const, "unknown" as const),
        instant,
        fc.constantFrom(1, 21),
      )
      .map(([state, at, breaching]) => trigger(state, at, "error-rate", breaching)),
    { minLength: 1, maxLength: 3 },
  ),
});

/** What "verified" promises, each written down on its own. */
const PROMISES: Readonly<Record<string, (f: VerificationFacts) => boolean>> = {
  "the rollout is complete, or nobody can see it": ({ rollout }) =>
    rollout.kind === "complete" || rollout.kind === "not-observed",
  "probes passed in a row": ({ probe }) => probe === undefined || probe.consecutiveOk >= probe.wanted,
  "the last of them recently": ({ probe, at }) =>
    probe === undefined || (probe.lastOkAt !== undefined && at - probe.lastOkAt <= probe.freshMs),
  "the smoke test passed": ({ smoke }) => smoke.kind === "passed" || smoke.kind === "not-configured",
  "no trigger fires": ({ triggers }) => triggers.every(({ state }) => state !== "firing"),
  "no trigger is about to fire": ({ triggers }) => triggers.every(({ state }) => state !== "pending"),
  "every trigger is known": ({ triggers }) => triggers.every(({ state }) => state !== "unknown"),
  "every trigger was looked at after the act and its rollout": ({ triggers, rollout, appliedAt }) =>
    triggers.every(({ at }) => at > (rollout.kind === "complete" ? rollout.at : appliedAt)),
};

describe("whatever the facts", () => {
  test("verified exactly if every promise is kept", () => {
    fc.assert(
      fc.property(facts, (f) => {
        const kept = Object.values(PROMISES).every((promise) => promise(f));
        expect(judge(f).kind === "verified").toBe(kept);
      }),
      { numRuns: 2_000 },
    );
  });

  test("time alone never verifies, and never takes back a verdict", () => {
    fc.assert(
      fc.property(facts, fc.nat(3_600), (f, laterSeconds) => {
        const before = judge(f);
        const laterMs = laterSeconds * SECOND;
        const { lastOkAt } = f.probe ?? {};
        // Probes go on: as old as it was it stays.
        const probe = f.probe && { ...f.probe, lastOkAt: lastOkAt && lastOkAt + laterMs };
        const after = judge({ ...f, at: f.at + laterMs, probe });
        const allowed = before.kind === "pending" ? ["pending", "failed"] : [before.kind];
        expect(allowed).toContain(after.kind);
      }),
      { numRuns: 2_000 },
    );
  });

  test("it comes to an end unless only the smoke test, which ends by itself, is still to come", () => {
    fc.assert(
      fc.property(facts, (f) => {
        const verdict = judge({ ...f, at: TEN + 3_600_000 });
        expect(verdict.kind === "pending" ? verdict.waitingFor : []).not.toContainEqual(
          expect.stringMatching(/rollout|probe|recovery/),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test("what is waited for is what is not met, in the order of the steps", () => {
    fc.assert(
      fc.property(facts, (f) => {
        const verdict = judge(f);
        const waitingFor = verdict.kind === "pending" ? verdict.waitingFor : ["rollout"];
        const order = ["rollout", "probe", "smoke", "recovery"];
        expect(waitingFor).toEqual(order.filter((step) => waitingFor.some((waiting) => waiting === step)));
        expect(waitingFor.length).toBeGreaterThan(0);
        expect(verdict.steps.length).toBeGreaterThan(0);
      }),
    );
  });
});
