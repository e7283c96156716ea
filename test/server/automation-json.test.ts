import { describe, expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import type { RecordBody } from "../../src/log/record.ts";
import type { Release, TargetSnapshot } from "../../src/releases/release.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { automationJson } from "../../src/server/automation-json.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { HOUR, MINUTE, policy, release, TEN } from "../support/model.ts";

const TARGET = "vcci-production/vcci-api";
const OF = { policy: "vcci-api", target: TARGET, release: `${TARGET}@2`, decisionId: "d1" } as const;
const STARTED: RecordBody = {
  type: "rollback.started",
  ...OF,
  strategy: "deployment",
  uid: "u",
  trigger: "error-rate",
  from: { revision: "2", digest: "d2" },
  to: { revision: "1", digest: "d1" },
};
const APPLIED: RecordBody = { type: "rollback.applied", ...OF, detail: "put back" };
const VERIFIED: RecordBody = { type: "rollback.verified", ...OF, detail: "runs", steps: [] };

async function json(
  records: readonly RecordBody[],
  { is = {}, of = policy(), key = TARGET }: { is?: Partial<Release>; of?: Policy; key?: string } = {},
) {
  const history = createHistory();
  const log = memoryLog();
  log.onAppended(history.apply);
  for (const body of records) await log.append({ ...body, ...("target" in body && { target: key }) }, TEN);
  const snapshot: TargetSnapshot = {
    target: key,
    uid: "u",
    release: release(is),
    earlier: [],
    rollbacks: [],
    rollout: { stalledAt: undefined } as unknown as TargetSnapshot["rollout"],
  };
  const source = { history, now: () => TEN + MINUTE };
  return automationJson(of, { ok: true, snapshot }, source) as {
    automation: { from?: string; waits: readonly { reason: string; until?: string }[] };
    lastRollback?: Readonly<Record<string, unknown>>;
  };
}

describe("what a policy's answer says of automation", () => {
  it("is when it may act and by which rules, as instants", async () => {
    const days = policy({ guard: 72 * HOUR });
    const { automation } = await json([STARTED, APPLIED, VERIFIED], { of: days });
    expect(automation.from).toBe("2026-03-03T10:00:00.000Z");
    expect(automation.waits).toEqual([
      { reason: "cooldown", detail: expect.any(String), until: "2026-03-02T10:15:00.000Z" },
      { reason: "budget-exhausted", detail: expect.any(String), until: "2026-03-03T10:00:00.000Z" },
    ]);
  });

  it("names no last rollback where there was none", async () => {
    expect((await json([])).lastRollback).toBeUndefined();
  });
});

describe("the last rollback in a policy's answer", () => {
  it("has the command that undoes it while what was put back runs", async () => {
    const { lastRollback } = await json([STARTED, APPLIED, VERIFIED], { is: { cause: "rollback" } });
    expect(lastRollback).toMatchObject({
      decisionId: "d1",
      outcome: "verified",
      from: { revision: "2", digest: "d2" },
      undo: "kubectl -n vcci-production rollout undo deployment/vcci-api --to-revision=2",
    });
  });

  it("has no such command once another release runs", async () => {
    expect((await json([STARTED, APPLIED, VERIFIED])).lastRollback).toMatchObject({ undo: undefined });
  });

  it("has no such command where nothing was applied", async () => {
    const failed: RecordBody = { type: "rollback.failed", ...OF, reason: "paused", detail: "x" };
    const { lastRollback } = await json([STARTED, failed], { is: { cause: "rollback" } });
    expect(lastRollback).toMatchObject({ outcome: "failed", failure: "paused", undo: undefined });
  });

  it("switches a blue/green Service by the colour that ran", async () => {
    const target = {
      kind: "blue-green",
      namespace: "vcci-production",
      service: "api",
      label: "color",
      colors: ["blue", "green"],
    } as const;
    const key = "vcci-production/service/api";
    const switched = {
      ...STARTED,
      from: { revision: "green:4", digest: "d2" },
      to: { revision: "blue:3", digest: "d1" },
    } as RecordBody;
    const { lastRollback } = await json([switched, APPLIED, VERIFIED], {
      of: policy({ target }),
      is: { cause: "rollback" },
      key,
    });
    expect(lastRollback?.["undo"]).toMatch(
      /^kubectl -n vcci-production patch service api .*"color":"green"/u,
    );
  });
});
