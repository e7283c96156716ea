import { describe, expect, it } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { endOrphans } from "../../src/daemon/orphans.ts";
import type { RecordInLog } from "../../src/daemon/ports.ts";
import type { RecordBody } from "../../src/log/record.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { policy } from "../support/model.ts";

const about = { policy: "vcci-api", target: "vcci-production/vcci-api", release: "r2", decisionId: "d1" };
const started: RecordBody = {
  type: "rollback.started",
  ...about,
  strategy: "deployment",
  uid: "u1",
  trigger: "error-rate",
  from: { revision: "2", digest: "v2" },
  to: { revision: "1", digest: "v1" },
};
const applied: RecordBody = { type: "rollback.applied", ...about, detail: "runs v1" };

const loaded = (policies: readonly Policy[]): RecordBody => ({
  type: "rules.loaded",
  policies: policies.map(({ name, hash }) => ({ policy: name, hash, triggers: {} })),
});

/** What is recorded when the daemon starts with `policies` on such a log. */
async function ended(
  before: readonly RecordBody[],
  ...policies: readonly Policy[]
): Promise<readonly RecordBody[]> {
  const history = createHistory();
  recordsOf([...before, loaded(policies)]).forEach(history.apply);
  const written: RecordBody[] = [];
  const record: RecordInLog = async (body) => {
    written.push(body);
    return recordsOf([body]).at(0);
  };
  await endOrphans(policies, history, record);
  return written;
}

const elsewhere = policy({ target: { kind: "deployment", namespace: "vcci-production", deployment: "web" } });

describe("a rollback that a restart left open", () => {
  it("is left to the policy that began it", async () => {
    expect(await ended([started], policy())).toEqual([]);
  });

  it("is left to the policy that acts on the target now", async () => {
    expect(await ended([started], policy({ name: "renamed" }))).toEqual([]);
  });

  it("ends as interrupted when its policy is gone, and people are told to look", async () => {
    const [end] = await ended([started]);
    expect(end).toMatchObject({ type: "rollback.failed", ...about, reason: "interrupted" });
    expect(end).toHaveProperty("detail", expect.stringContaining("whether it was done is not known; look"));
  });

  it("ends when its policy guards another target by now", async () => {
    expect(await ended([started], elsewhere)).toHaveLength(1);
  });

  it("ends when only an observer of the target is left", async () => {
    expect(await ended([started], policy({ name: "watching", mode: "observe" }))).toHaveLength(1);
  });

  it("that was applied says so", async () => {
    const [end] = await ended([started, applied]);
    expect(end).toHaveProperty("detail", expect.stringContaining("it was done, but whether it helped"));
  });

  it("that has ended is left alone", async () => {
    expect(
      await ended([started, applied, { type: "rollback.verified", ...about, detail: "", steps: [] }]),
    ).toEqual([]);
  });
});
