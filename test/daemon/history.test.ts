import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHistory, type History } from "../../src/daemon/history.ts";
import type { LogRecord, RecordBody } from "../../src/log/record.ts";
import { recordsOf } from "../notifications/memory-log.ts";

const POLICY = "api";
const TARGET = "shop/api";
const HASHES = ["h1", "h2"];

function historyOf(...bodies: readonly RecordBody[]): History {
  return after(recordsOf(bodies));
}

function after(records: readonly LogRecord[], history: History = createHistory()): History {
  records.forEach(history.apply);
  return history;
}

const loaded = (triggers: Readonly<Record<string, string>>): RecordBody => ({
  type: "rules.loaded",
  policies: [{ policy: POLICY, hash: JSON.stringify(triggers), triggers }],
});
const trigger = (type: "pending" | "firing" | "resolved" | "unknown", name = "errors"): RecordBody => ({
  type: `trigger.${type}`,
  policy: POLICY,
  trigger: name,
  from: "inactive",
  reason: "",
  slot: "2026-03-02T10:00:00.000Z",
});
const decision: RecordBody = {
  type: "decision.made",
  policy: POLICY,
  target: TARGET,
  decisionId: "d1",
  decision: "escalate",
  reason: "outside-guard-period",
  otherReasons: [],
  trigger: "errors",
  summary: "",
  evidence: [],
};
const about = { policy: POLICY, target: TARGET, release: "r2", decisionId: "d1" };
const started: RecordBody = {
  type: "rollback.started",
  ...about,
  strategy: "script",
  uid: "u1",
  trigger: "errors",
  from: { revision: "2", digest: "v2" },
  to: { revision: "1", digest: "v1" },
};
const applied: RecordBody = { type: "rollback.applied", ...about, detail: "" };
const failed = (reason: string): RecordBody => ({ type: "rollback.failed", ...about, reason, detail: "" });
const verified: RecordBody = { type: "rollback.verified", ...about, detail: "", steps: [] };
const observed = (release: string): RecordBody => ({
  type: "release.observed",
  policy: POLICY,
  release,
  target: TARGET,
  revision: release,
  digest: release,
  startedAt: "2026-03-02T10:00:00.000Z",
  cause: "deploy",
  quarantined: false,
});

/** All that a history can be asked about these records. */
function view(history: History): unknown {
  return {
    rollbacks: history.rollbacks(TARGET),
    begun: history.begun(TARGET),
    attempt: history.lastAttemptAt(TARGET),
    open: history.open(TARGET),
    loaded: HASHES.map((hash) => history.loadedAt(POLICY, "errors", hash)),
    states: ["errors", "p95"].map((name) => history.triggerState(POLICY, name)),
    unresolved: history.unresolved(POLICY),
    decision: history.lastDecision(POLICY),
    release: history.release(POLICY),
    releases: history.releases(TARGET),
    promoted: [...history.promoted(TARGET)],
    blind: history.blind(POLICY),
  };
}

const anyBody = fc.constantFrom<RecordBody>(
  loaded({ errors: "h1" }),
  loaded({ errors: "h2" }),
  loaded({ errors: "h1", p95: "h1" }),
  trigger("pending"),
  trigger("firing"),
  trigger("resolved"),
  trigger("unknown"),
  trigger("firing", "p95"),
  trigger("resolved", "p95"),
  decision,
  started,
  applied,
  failed("script-failed"),
  failed("superseded"),
  verified,
  observed("r1"),
  observed("r2"),
  { type: "release.promoted", policy: POLICY, release: "r2", digest: "r2" },
  { type: "evaluation.blind", policy: POLICY, since: "2026-03-02T10:00:00.000Z", reason: "" },
  { type: "evaluation.sighted", policy: POLICY, blindMs: 1 },
);

describe("the history", () => {
  it("is a view of the log: a restart at any record ends in the same as never having stopped", () => {
    fc.assert(
      fc.property(fc.array(anyBody, { maxLength: 30 }), fc.nat(30), (bodies, cut) => {
        const records = recordsOf(bodies);
        const before = after(records.slice(0, cut));
        const seen = structuredClone(view(before));
        const whole = after(records.slice(cut), before);
        expect(view(whole)).toEqual(view(after(records)));
        expect(view(after(records.slice(0, cut)))).toEqual(seen);
      }),
    );
  });
});

describe("trap 11: since when a trigger means what it means", () => {
  const at = (body: number): number => Date.UTC(2026, 0, 1) + body * 1_000;

  it("is the first load that said so; a restart or an edit elsewhere changes nothing", () => {
    const history = historyOf(
      loaded({ errors: "h1" }),
      loaded({ errors: "h1" }),
      loaded({ errors: "h1", p95: "h2" }),
    );
    expect(history.loadedAt(POLICY, "errors", "h1")).toBe(at(0));
    expect(history.loadedAt(POLICY, "p95", "h2")).toBe(at(2));
  });

  it("begins anew with another meaning, and again when the old one comes back", () => {
    const edited = historyOf(loaded({ errors: "h1" }), loaded({ errors: "h2" }));
    expect(edited.loadedAt(POLICY, "errors", "h2")).toBe(at(1));
    expect(edited.loadedAt(POLICY, "errors", "h1")).toBeUndefined();
    const back = historyOf(loaded({ errors: "h1" }), loaded({ errors: "h2" }), loaded({ errors: "h1" }));
    expect(back.loadedAt(POLICY, "errors", "h1")).toBe(at(2));
  });

  it("is not known of what the log never loaded", () => {
    expect(historyOf().loadedAt(POLICY, "errors", "h1")).toBeUndefined();
  });
});

describe("what counts as an act", () => {
  const acts = (...bodies: readonly RecordBody[]): number => historyOf(...bodies).rollbacks(TARGET).length;

  it("is what was applied, however its verification ended, once", () => {
    expect(acts(started, applied)).toBe(1);
    expect(acts(started, applied, verified)).toBe(1);
    expect(acts(started, applied, failed("not-recovered"))).toBe(1);
    expect(acts(started, applied, failed("interrupted"))).toBe(1);
  });

  it("is also what may have changed the target: a script that failed, was too slow or was cut off", () => {
    expect(acts(started, failed("script-failed"))).toBe(1);
    expect(acts(started, failed("script-timeout"))).toBe(1);
    expect(acts(started, failed("interrupted"))).toBe(1);
  });

  it("is no sign that it did what it was to do, unless it was applied", () => {
    const done = (...bodies: readonly RecordBody[]) => historyOf(...bodies).acted(TARGET);
    expect(done(started, applied, failed("not-recovered"))).toHaveLength(1);
    expect(done(started, failed("script-failed"))).toEqual([]);
    expect(done(started, failed("interrupted"))).toEqual([]);
  });

  it("is not what was certainly not done; that it was tried is remembered for the cooldown", () => {
    const history = historyOf(started, failed("superseded"));
    expect(history.rollbacks(TARGET)).toEqual([]);
    expect(history.lastAttemptAt(TARGET)).toBe(Date.UTC(2026, 0, 1));
  });

  it("is not one that has only begun, though it may be", () => {
    const history = historyOf(started);
    expect(history.rollbacks(TARGET)).toEqual([]);
    expect(history.begun(TARGET)).toHaveLength(1);
    expect(history.open(TARGET)?.appliedAt).toBeUndefined();
  });
});

describe("the last decision", () => {
  it("is forgotten once all that fired has resolved", () => {
    const both = [trigger("firing"), trigger("firing", "p95"), decision];
    expect(historyOf(...both, trigger("resolved")).lastDecision(POLICY)).toBeDefined();
    expect(
      historyOf(...both, trigger("resolved"), trigger("resolved", "p95")).lastDecision(POLICY),
    ).toBeUndefined();
  });

  it("is remembered while what fired is out of sight", () => {
    expect(historyOf(trigger("firing"), decision, trigger("unknown")).lastDecision(POLICY)).toBeDefined();
  });

  it("is forgotten also when something that never fired stays unknown", () => {
    const bodies = [trigger("unknown", "p95"), trigger("firing"), decision, trigger("resolved")];
    expect(historyOf(...bodies).lastDecision(POLICY)).toBeUndefined();
  });
});

it("a year of releases is remembered by its newest few", () => {
  const history = historyOf(...Array.from({ length: 365 }, (_, day) => observed(`r${day}`)));
  expect(history.releases(TARGET)).toHaveLength(20);
  expect(history.releases(TARGET).at(-1)?.id).toBe("r364");
});
