import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { createHistory, type History } from "../../src/daemon/history.ts";
import { loadedRecord } from "../../src/daemon/rules-in-force.ts";
import type { CheckpointRecord } from "../../src/log/record.ts";
import type { Checkpoint } from "../../src/rules/policy.ts";
import { checkpointsJson } from "../../src/server/checkpoint-json.ts";
import { POLICY } from "../../src/server/schemas.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { report } from "../notifications/story.ts";
import { HOUR, MINUTE, policy, release, TEN } from "../support/model.ts";

const at = (name: string, atMs: number): Checkpoint => ({ at: name, atMs, checks: [] });
const POLICY_OF_TWO = policy({ checkpoints: [at("1h", HOUR), at("4h", 4 * HOUR)] });
const RUNNING = release();

/** What the log tells of the release when it was first seen at `seenAt`; the rules are older. */
function recorded(seenAt: number, ...reports: readonly Partial<CheckpointRecord>[]): History {
  const history = createHistory();
  const { id, target, startedAt, cause } = RUNNING;
  const of = { policy: "vcci-api", release: id, target };
  const [loaded, observed, ...made] = recordsOf([
    loadedRecord([POLICY_OF_TWO]),
    {
      type: "release.observed",
      ...of,
      revision: "2",
      digest: "v2",
      startedAt: new Date(startedAt).toISOString(),
      cause,
      quarantined: false,
    },
    ...reports.map((changes) => report({ ...of, ...changes })),
  ]);
  if (loaded !== undefined) history.apply(loaded);
  if (observed !== undefined) history.apply({ ...observed, at: new Date(seenAt).toISOString() });
  made.forEach((record) => history.apply(record));
  return history;
}

const ONE_HOUR: Partial<CheckpointRecord> = {
  type: "checkpoint.passed",
  checkpoint: "1h",
  afterMs: HOUR,
  dueAt: new Date(TEN + HOUR).toISOString(),
};

test("shows what was found, and when the rest will be looked at; as described", () => {
  const shown = checkpointsJson(
    POLICY_OF_TWO,
    RUNNING,
    recorded(TEN, { ...ONE_HOUR, late: true, lateMs: 90_000 }),
  );
  expect(shown).toMatchObject([
    {
      checkpoint: "1h",
      result: "passed",
      dueAt: "2026-03-02T11:00:00.000Z",
      record: 3,
      late: true,
      lateMs: 90_000,
      checks: [{ name: "p95-latency", value: 0.512, must: "below 500ms" }, {}, {}],
    },
    { checkpoint: "4h", result: "ahead", dueAt: "2026-03-02T14:00:00.000Z" },
  ]);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.validate(POLICY.properties.checkpoints, JSON.parse(JSON.stringify(shown)));
  expect(ajv.errors).toBeNull();
});

test("what was over when the release was first seen is not followed, and never will be", () => {
  const results = checkpointsJson(POLICY_OF_TWO, RUNNING, recorded(TEN + HOUR + MINUTE));
  expect(results).toMatchObject([{ result: "not-followed" }, { result: "ahead" }]);
});

test("nothing found of another release is shown for this one", () => {
  const next = release({ id: "vcci-production/vcci-api@3", clockAt: undefined });
  expect(checkpointsJson(POLICY_OF_TWO, next, recorded(TEN, ONE_HOUR))).toEqual([
    { checkpoint: "1h", dueAt: undefined, result: "ahead" },
    { checkpoint: "4h", dueAt: undefined, result: "ahead" },
  ]);
});

test("what a rollback put back has none", () => {
  expect(checkpointsJson(POLICY_OF_TWO, release({ cause: "rollback" }), createHistory())).toEqual([]);
});
