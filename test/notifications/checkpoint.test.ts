import { describe, expect, test } from "vitest";
import type { RecordBody } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { recordsOf } from "./memory-log.ts";
import { promoted, report } from "./story.ts";

/** What is told of the last of these. */
function told(...bodies: readonly RecordBody[]) {
  return recordsOf(bodies).map(createTeller()).at(-1) ?? [];
}

const PASSED = {
  type: "checkpoint.passed",
  checks: [{ name: "ready", result: "pass", detail: "HTTP 200" }],
} as const;

describe("a report after a launch", () => {
  test("has each check, says what to do, and opens no incident", () => {
    expect(told(report())).toMatchObject([
      {
        event: "info",
        severity: "warning",
        policy: "api",
        target: "shop/api",
        release: "shop/api@7",
        title: "shop/api@7, 4h after its launch: 1 of 3 checks failed, 1 unknown",
        lines: [
          "shop/api@7 at T+4h (2026-03-02 14:00:00Z)",
          "fail: p95-latency: 512ms, must be below 500ms",
          "unknown: cache: no-data",
          "pass: ready: http://api/health/ready: HTTP 200 in 1 ms",
          "A checkpoint rolls nothing back. Next: look at what failed or is unknown, and decide whether the release stays.",
          "Report: rollbackd log show 1",
        ],
      },
    ]);
  });

  test("that passed needs nobody, and the last one says that it is", () => {
    const [message] = told(report(PASSED));
    expect(message).toMatchObject({
      severity: "info",
      title: expect.stringMatching(/: every check passed$/),
    });
    expect(message?.lines).toContain("Next: nothing to do.");
    const [last] = told(report({ ...PASSED, last: true }));
    expect(last?.lines).toContain("This was the last checkpoint. Next: nothing to do.");
    expect(last?.lines).toContain("not known to be good: it was never live and healthy for `provenAfter`");
  });

  test("that is late says how late, and what of it is of its time", () => {
    const [message] = told(report({ late: true, lateMs: 5_400_000 }));
    expect(message?.lines[0]).toMatch(
      /, made 1 h 30 min late; values are those of its time, probes and commands those of now$/,
    );
  });

  test("of a release that is known to be good says since when", () => {
    const [message] = told(report({ ...PASSED, goodSince: "2026-03-02T11:00:00.000Z" }));
    expect(message?.lines).toContain("known to be good since 2026-03-02 11:00:00Z: it can be rolled back to");
  });
});

describe("that a release became good", () => {
  test("is told where a report of it could not say so yet", () => {
    expect(told(report(PASSED), promoted())).toMatchObject([
      { event: "info", severity: "info", target: "shop/api", title: "shop/api@7 is known to be good" },
    ]);
  });

  test("is left to the next report, or to the log, where nothing was told of it so far", () => {
    expect(told(promoted())).toEqual([]);
    expect(told(report({ ...PASSED, release: "shop/api@6" }), promoted())).toEqual([]);
  });
});
