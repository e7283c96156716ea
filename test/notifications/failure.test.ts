import { describe, expect, test } from "vitest";
import type { Message } from "../../src/notifications/message.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import type { ActFailure } from "../../src/rollback/act.ts";
import type { VerificationFailure } from "../../src/verification/judge.ts";
import { recordsOf } from "./memory-log.ts";
import { decision, failed, started } from "./story.ts";

type Failure = Exclude<ActFailure | VerificationFailure, "superseded" | "not-confirmed">;

/** In the title, how the target stands, and the next step. */
type Told = readonly [what: RegExp, left: RegExp, next: RegExp];

const UNCHANGED = /Nothing was changed: shop\/api still runs revision 7\./;
const UNCLEAR = /Whether shop\/api still runs revision 7 is not known\./;
const ROLLING = /The template of revision 6 is in force on shop\/api, but not all of its pods run/;
const RESTORED = /revision 6 was put back in the place of revision 7\./;
const UNDO = /roll back by hand.*\nkubectl -n shop rollout undo deployment\/api --to-revision=6$/;

/** What was known to hold it changed nothing. */
const held = (what: RegExp, next: RegExp): Told => [what, UNCHANGED, next];

const ofAct: Readonly<Record<Exclude<ActFailure, "superseded" | "not-confirmed">, Told>> = {
  "log-unwritable": held(/log could not be written/, /Free space/),
  "not-leader": held(/another replica leads/, /the replica that leads decides/),
  "mass-breach": held(/many targets/, /shared cause/),
  "outside-guard-period": held(/guard period/, /Roll back by hand.*\nkubectl/),
  "breach-predates-release": held(/began before the release/, /cause before the release/),
  "window-before-release": held(/does not count against/, /when a whole window counts/),
  "rule-changed": held(/rules changed/, /Check the new rules/),
  "release-not-reversible": held(/no longer be undone/, /undo the migration first/),
  vetoed: held(/a veto came/, /veto's query/),
  cooldown: held(/another rollback of the target/, /last rollback/),
  "budget-exhausted": held(/budget is used up/, /Decide by hand/),
  "gitops-owner": held(/owner in Git/, /gitops: suspend/),
  "no-known-good-revision": held(/no earlier revision/, /Fix forward/),
  "target-same-vulnerability": held(/same vulnerability/, /Ship a fix/),
  "target-missing": [/target is gone/, /Nothing was changed\./, /who deleted it, and deploy/],
  "revision-missing": [/nothing is left of the revision/, UNCHANGED, /Deploy a version that you trust/],
  frozen: [/automation was frozen/, UNCHANGED, /resume the policy/],
  "not-begun": [/stopped before it began/, UNCHANGED, /Ask for it again/],
  paused: [/is paused/, UNCHANGED, /Leave it paused .*\nrollbackd rollback api --reason other/],
  "target-not-ready": [
    /other colour did not get ready/,
    /still runs revision 7; the other colour may have been scaled/,
    /once they are ready, switch by hand/,
  ],
  "held-back": [
    /no pod of the StatefulSet runs the release/,
    UNCHANGED,
    /Look for another cause.*\nrollbackd rollback api/,
  ],
  "gitops-not-suspended": [/could not be suspended/, UNCHANGED, UNDO],
  forbidden: [/not allowed/, UNCHANGED, UNDO],
  rejected: [/refused the change/, UNCHANGED, /webhook that refuses it.*then roll back by hand\.\nkubectl/],
  conflict: [/others kept changing/, UNCHANGED, UNDO],
  unreachable: [/could not be reached/, UNCLEAR, UNDO],
  "script-missing": [/no such script/, UNCHANGED, /correct rollback\.script/],
  "script-not-executable": [/may not be executed/, UNCHANGED, /make it executable/],
  "script-failed": [/the script failed/, UNCLEAR, /Read what it printed/],
  "script-timeout": [/took too long/, UNCLEAR, /Look at the target, which may be half done/],
  "partly-applied": [
    /only some members of the group were moved/,
    /shop\/api runs revision 7 in part and revision 6 in part\./,
    /Run the commands above that finish it, or those that go back/,
  ],
  interrupted: [/interrupted/, UNCLEAR, /Look at the target/],
};

const ofVerification: Readonly<Record<Exclude<VerificationFailure, "superseded">, Told>> = {
  "rollout-timeout": [/did not get ready in time/, ROLLING, /Look at its pods/],
  "rollout-stalled": [/does not get ready/, ROLLING, /Look at its pods/],
  "rollout-blocked": [/waits for a person/, ROLLING, /Run the command that is named above/],
  "probe-timeout": [/does not answer well/, RESTORED, /Look at its pods/],
  "smoke-failed": [/smoke test failed/, RESTORED, /Read what the test printed/],
  "recovery-timeout": [/did not help/, RESTORED, /another cause than the release/],
  "recovery-unknown": [/whether it helped is not known/, RESTORED, /Look yourself/],
};

function pageOf(reason: string): Message | undefined {
  return recordsOf([decision("d1"), started("d1"), failed("d1", reason)])
    .map(createTeller())
    .at(-1)?.[0];
}

describe("trap 24: the page of a rollback that failed", () => {
  const rows = Object.entries({ ...ofAct, ...ofVerification } satisfies Record<Failure, Told>);
  test.each(rows)("%s: names it, how the target stands and the next step", (reason, [what, left, next]) => {
    const page = pageOf(reason);
    expect(page).toMatchObject({ event: "trigger", severity: "critical" });
    expect(page?.title).toMatch(
      new RegExp(`needs you: the rollback to revision 6 failed \\(${reason}\\): `, "u"),
    );
    expect(page?.title).toMatch(what);
    expect(page?.lines[0]).toContain("the API server refused");
    expect(page?.lines.join("\n")).toMatch(left);
    const step = page?.lines.slice(page.lines.findIndex((line) => line.includes("Next: "))).join("\n");
    expect(step).toMatch(
      /^rollbackd does not try again\. Next: [A-Z].*\.(?:\n(?:kubectl|rollbackd) .*[^.])?$/u,
    );
    expect(step).toMatch(next);
  });

  test("of a reason that a newer version wrote still asks for somebody", () => {
    const page = pageOf("out-of-luck");
    expect(page?.title).toBe("shop/api needs you: the rollback to revision 6 failed (out-of-luck)");
    expect(page?.lines.at(-1)).toMatch(/Next: Look at the target/);
  });

  test("of a group undoes each member that the release changed", () => {
    const target = "shop/api+worker";
    const sides = {
      from: { revision: "api:7,web:2,worker:4", digest: "b" },
      to: { revision: "api:6,web:2,worker:3", digest: "a" },
    };
    const records = [decision("d1", { target, ...sides }), { ...failed("d1", "conflict"), target }] as const;
    const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
    expect(page?.lines.at(-1)).toBe(
      "kubectl -n shop rollout undo deployment/api --to-revision=6 && " +
        "kubectl -n shop rollout undo deployment/worker --to-revision=3",
    );
  });

  test("of a blue/green target has the command that switches it", () => {
    const byHand = "kubectl -n shop patch service api";
    const records = [decision("d1", { byHand }), failed("d1", "target-not-ready")] as const;
    const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
    expect(page?.lines.at(-1)).toBe(byHand);
  });

  test.each(["frozen", "forbidden"] as const)(
    "of a blue/green target says that a colour may have been scaled before it was stopped: %s",
    (reason) => {
      const records = [decision("d1", { byHand: "kubectl …" }), failed("d1", reason)] as const;
      const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
      expect(page?.lines.join("\n")).toContain(
        "still runs revision 7; the other colour may have been scaled up",
      );
      const other = recordsOf([decision("d1"), failed("d1", reason)])
        .map(createTeller())
        .at(-1)?.[0];
      expect(other?.lines.join("\n")).toContain("Nothing was changed");
    },
  );

  test("of a StatefulSet undoes the StatefulSet", () => {
    const target = "shop/statefulset/db";
    const records = [decision("d1", { target }), { ...failed("d1", "unreachable"), target }] as const;
    const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
    expect(page?.lines.at(-1)).toBe("kubectl -n shop rollout undo statefulset/db --to-revision=6");
  });

  test("of a script's target names no Deployment to undo", () => {
    const target = "script/api";
    const records = [decision("d1", { target }), { ...failed("d1", "unreachable"), target }] as const;
    const page = recordsOf(records).map(createTeller()).at(-1)?.[0];
    expect(page?.lines.at(-1)).toMatch(/unless it was changed, roll back by hand\.$/);
  });
});
