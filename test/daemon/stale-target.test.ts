import { NOTHING_MISSING } from "../../src/daemon/rights-watch.ts";
import { expect, it } from "vitest";
import { healthView } from "../../src/daemon/health-view.ts";
import { NOTHING_CARRIED } from "../../src/daemon/pass.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { policy, SECOND, TEN } from "../support/model.ts";
import { fakeTarget } from "./fake-target.ts";
import { NOT_HANDLED } from "./not-handled.ts";

const why = "Could not watch pods: no answer from https://10.0.0.1 (ETIMEDOUT).";

/** What keeps a daemon from being ready whose only target has not been followed since ten. */
function hindrances(now: number, stale: boolean) {
  const seen = fakeTarget("shop/api", { digest: "v1", at: TEN }).watch.current();
  const lookup: Lookup = seen.ok && stale ? { ...seen, stale: { since: TEN, detail: why } } : seen;
  return hindrancesOf(policy(), lookup, now);
}

function hindrancesOf(of: Policy, lookup: Lookup, now: number) {
  const running = {
    ...NOT_HANDLED,
    policy: of,
    carried: () => ({ ...NOTHING_CARRIED, lookup, at: now }),
  };
  const view = healthView({
    version: "test",
    startedAt: TEN,
    now: () => now,
    rules: () => ({ loadedAt: TEN, problems: [] }),
    log: () => ({ head: { seq: 1, hash: "" }, unwritable: undefined, readUntil: undefined }),
    rights: () => NOTHING_MISSING,
    running: () => [running],
  });
  return view.hindrances();
}

it("a target that is not followed for long makes unready, and says since when, why and what to do", () => {
  expect(hindrances(TEN + 45_678, true)).toEqual([
    {
      what: "target",
      detail: expect.stringMatching(
        /^vcci-api: the target has not been followed for 45 s, since 2026-.*Could not watch pods/,
      ),
      nextStep: expect.stringContaining("check the API server"),
    },
  ]);
});

it("a watch that breaks off and is resumed does not", () => {
  expect(hindrances(TEN + 29 * SECOND, true)).toEqual([]);
  expect(hindrances(TEN + 45 * SECOND, false)).toEqual([]);
});

it.each([
  [undefined, "No release of it is watched until then."],
  ["version", expect.stringContaining("`release.expr`")],
])("a script whose version is not known (%s) sends nobody to the cluster", (releaseExpr, nextStep) => {
  const target = { kind: "script", ...(releaseExpr !== undefined && { releaseExpr }) } as Policy["target"];
  const lookup: Lookup = { ok: false, reason: "unknown-version", detail: "nobody told" };
  expect(hindrancesOf(policy({ target }), lookup, TEN)).toMatchObject([{ what: "target", nextStep }]);
});
