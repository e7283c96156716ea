import { describe, expect, test } from "vitest";
import { decide } from "../../src/decisions/decide.ts";
import { decideByHand } from "../../src/decisions/manual.ts";
import type { FiringTrigger, Situation } from "../../src/decisions/situation.ts";
import { vulnerabilityStatus } from "../../src/engine/vulnerability-status.ts";
import { imagesUsed } from "../../src/releases/release.ts";
import { imagesSeen, type ImageReport, type Vulnerability } from "../../src/signals/image-report.ts";
import { blameOf, clock, HOUR, policy, release, revision, TEN } from "../support/model.ts";
import { OPEN } from "../support/replay.ts";
import { imageReport, longRunning, vulnerabilityTrigger } from "../support/vulnerabilities.ts";

const at = TEN + HOUR;
const trigger = vulnerabilityTrigger();
const V2 = revision("2", longRunning({ api: "api:v2", proxy: "envoy:v1" }));
const V1 = revision("1", { standing: "good", ...longRunning({ api: "api:v1", proxy: "envoy:v1" }) });

const about = (
  name: string,
  ids: readonly (string | Partial<Vulnerability>)[],
  scanned = "10:30:00",
  changes: Partial<ImageReport> = {},
) => {
  const scannedAt = clock(scanned);
  return imageReport([`docker.io/library/${name}`], ids, { knownAt: scannedAt, scannedAt, ...changes });
};

const PROXY = about("envoy:v1", []);

function situation(reports: readonly ImageReport[], changes: Partial<FiringTrigger> = {}): Situation {
  const live = release({ revision: V2, startedAt: TEN });
  const seen = imagesSeen(imagesUsed(V2), { reports, unread: undefined });
  const status = vulnerabilityStatus(trigger, seen, live.startedAt, at);
  const firing: FiringTrigger = {
    trigger,
    status,
    blame: blameOf("blamed"),
    loadedAt: TEN - HOUR,
    ...changes,
  };
  return {
    at,
    policy: policy({ triggers: [trigger] }),
    firing: [firing],
    release: live,
    earlier: [V1],
    predecessorBreaching: false,
    rollbacks: [],
    lastAttemptAt: undefined,
    reports,
    gates: OPEN,
    confirmation: { notFiring: undefined, unseen: undefined, movedTo: undefined },
  };
}

/** Reason, and the sentence about what stands in the way. */
function verdict(...reports: readonly ImageReport[]): readonly (string | undefined)[] {
  const decided = decide(situation(reports));
  return [decided?.decision.reason, decided?.obstacles[0]?.detail];
}

describe("going back from a vulnerability", () => {
  test("helps where the earlier revision is known to be without it", () => {
    expect(verdict(about("api:v2", ["CVE-1"]), about("api:v1", []), PROXY)).toEqual(["rollback", undefined]);
  });

  test("does not where it has it as well, however bad it is called there: both lists are told", () => {
    const [reason, detail] = verdict(
      about("api:v2", ["CVE-1", "CVE-2"]),
      about("api:v1", [
        { id: "CVE-2", severity: "high" },
        { id: "CVE-9", severity: "low" },
      ]),
      PROXY,
    );
    expect(reason).toBe("target-same-vulnerability");
    expect(detail).toBe("CVE-2 is in both (running: CVE-1, CVE-2; revision 1 (api:v1, envoy:v1): CVE-2)");
  });

  test("does not where it is in a part that does not change", () => {
    const [reason, detail] = verdict(about("api:v2", []), about("api:v1", []), about("envoy:v1", ["CVE-7"]));
    expect(reason).toBe("target-same-vulnerability");
    expect(detail).toMatch(/^CVE-7 is in both/);
  });

  test("does not where it brings another one that counts", () => {
    const [reason, detail] = verdict(about("api:v2", ["CVE-1"]), about("api:v1", ["CVE-3"]), PROXY);
    expect(reason).toBe("target-same-vulnerability");
    expect(detail).toMatch(/would bring others that count \(running: CVE-1; .*: CVE-3\)/);
  });

  test("is not known to where nobody scanned the earlier revision", () => {
    const [reason, detail] = verdict(about("api:v2", ["CVE-1"]), PROXY);
    expect(reason).toBe("target-same-vulnerability");
    expect(detail).toMatch(/no report is known for api:v1 \(running: CVE-1; .*: not known\)/);
  });

  test("is not known to where it was scanned before the vulnerability was known of", () => {
    const [reason, detail] = verdict(
      about("api:v2", [{ id: "CVE-1", publishedAt: clock("08:00:00") }]),
      about("api:v1", [], "07:00:00"),
      PROXY,
    );
    expect(reason).toBe("target-same-vulnerability");
    expect(detail).toMatch(
      /api:v1 was last scanned at 2026-03-02 07:00:00Z, before CVE-1 was known of \(2026-03-02 08:00:00Z\)/,
    );
  });

  test("is known to where it was scanned after it was published, if long before the running one", () => {
    const found = about("api:v2", [{ id: "CVE-1", publishedAt: clock("08:00:00") }]);
    expect(verdict(found, about("api:v1", [], "09:00:00"), PROXY)[0]).toBe("rollback");
  });

  test("takes the scan that found it for its date where none is given", () => {
    const found = about("api:v2", ["CVE-1"]);
    expect(verdict(found, about("api:v1", [], "10:29:59"), PROXY)[0]).toBe("target-same-vulnerability");
    expect(verdict(found, about("api:v1", [], "10:30:00"), PROXY)[0]).toBe("rollback");
  });

  test("does not ask when a part that does not change was scanned", () => {
    const found = about("api:v2", ["CVE-1"]);
    expect(verdict(found, about("api:v1", []), about("envoy:v1", [], "01:00:00"))[0]).toBe("rollback");
  });

  test("does not count what is accepted for a time", () => {
    const accepting = vulnerabilityTrigger({
      ignore: [{ id: "CVE-3", endsAt: at + 1, reason: "no fix yet" }],
    });
    const all = situation([about("api:v2", ["CVE-1"]), about("api:v1", ["CVE-3"]), PROXY]);
    const [firing] = all.firing;
    const firings = firing === undefined ? [] : [{ ...firing, trigger: accepting }];
    expect(decide({ ...all, firing: firings })?.decision.reason).toBe("rollback");
  });
});

describe("a vulnerability", () => {
  const helps = [about("api:v2", ["CVE-1"]), about("api:v1", []), PROXY];

  test("may act at any age of a release", () => {
    const old = situation(helps);
    const aged = release({ revision: V2, startedAt: TEN - 90 * 24 * HOUR, clockAt: TEN - 90 * 24 * HOUR });
    expect(decide({ ...old, release: aged })?.decision.reason).toBe("rollback");
  });

  test("that a changed rule counts calls people, for no window ends that could be waited for", () => {
    const decided = decide(situation(helps, { loadedAt: clock("10:45:00") }));
    expect(decided?.decision).toMatchObject({ decision: "escalate", reason: "rule-changed" });
    expect(decided?.obstacles[0]?.detail).toMatch(/loaded at .* 10:45:00Z, after this was known/);
  });

  test("in what a person puts back is told to them, and does not hold them back", () => {
    const all = situation([about("api:v2", []), about("api:v1", ["CVE-3"]), PROXY]);
    const decided = decideByHand({ ...all, firing: [] }, undefined);
    expect(decided).toMatchObject({
      ok: true,
      warnings: expect.arrayContaining(["1 has what critical-vulnerability fires for: CVE-3."]) as string[],
    });
  });
});
