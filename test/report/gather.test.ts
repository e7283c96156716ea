import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";
import { gatherIncident } from "../../src/report/gather.ts";
import { applied, decision, started, trigger, verified } from "../notifications/story.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEN = Date.UTC(2026, 2, 2, 10);
const MINUTE = 60_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const observed = (release: string): RecordBody => ({
  type: "release.observed",
  policy: "api",
  target: "shop/api",
  release,
  revision: "7",
  digest: "d7",
  startedAt: "2026-03-02T10:00:00.000Z",
  cause: "deploy",
  quarantined: false,
});

/** A log of what happened, a minute apart unless said otherwise; gives the types that belong to the incident of d1. */
async function typesAround(
  ...bodies: readonly (RecordBody | { readonly pauseMs: number })[]
): Promise<readonly string[]> {
  const log = await openLog(folder.path);
  let at = TEN;
  for (const body of bodies) {
    if ("pauseMs" in body) at += body.pauseMs;
    else await log.append(body, (at += MINUTE));
  }
  await log.close();
  const incident = await gatherIncident(folder.path, "d1");
  return incident?.around.map(({ type }) => type) ?? [];
}

describe("what belongs to an incident", () => {
  it("from the release on until nothing fires any more; of its own policy, and of rollbackd itself", async () => {
    expect(
      await typesAround(
        trigger("pending"),
        trigger("resolved"),
        observed("shop/api@7"),
        trigger("firing", "error-rate", "another"),
        trigger("firing"),
        decision("d1"),
        started("d1"),
        { type: "daemon.stopped", cause: "SIGTERM" },
        { type: "daemon.started", version: "1" },
        applied("d1"),
        verified("d1"),
        trigger("resolved"),
        trigger("pending"),
      ),
    ).toEqual([
      "release.observed",
      "trigger.firing",
      "decision.made",
      "rollback.started",
      "daemon.stopped",
      "daemon.started",
      "rollback.applied",
      "rollback.verified",
      "trigger.resolved",
    ]);
  });

  it("where the release is not in the log: from shortly before", async () => {
    expect(
      await typesAround(observed("shop/api@6"), { pauseMs: 60 * MINUTE }, trigger("firing"), {
        ...decision("d1"),
        evidence: [],
      }),
    ).toEqual(["trigger.firing", "decision.made"]);
  });

  it("what a person asked for comes first, and what came days later is still its own", async () => {
    const page = { policy: "api", decisionId: "d1", notificationId: "n", channel: "slack" } as const;
    expect(
      await typesAround(
        {
          type: "operator.rollback",
          policy: "api",
          target: "shop/api",
          decisionId: "d1",
          by: "token:a",
          reason: "other",
        },
        { ...decision("d1"), trigger: "manual", evidence: [], manual: { reason: "other", by: "token:a" } },
        { type: "notification.queued", ...page, event: "trigger", dedupKey: "k", cause: 2 },
        { pauseMs: 50 * 60 * MINUTE },
        { type: "notification.failed", ...page, attempts: 9, error: "too late" },
      ),
    ).toEqual(["operator.rollback", "decision.made", "notification.queued", "notification.failed"]);
  });

  it("a decision that the log does not know has none", async () => {
    expect(await typesAround(decision("d2"))).toEqual([]);
  });
});
