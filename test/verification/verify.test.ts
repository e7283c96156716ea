import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { TriggerState, TriggerStatus } from "../../src/engine/trigger-status.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import type { CommandSpec, Policy, VerifySpec } from "../../src/rules/policy.ts";
import { createProbe, type Probe } from "../../src/signals/probe.ts";
import { verifyRollback } from "../../src/verification/verify.ts";
import { sends, stubServer } from "../signals/stub-server.ts";
import { eventually } from "../support/eventually.ts";
import { HOUR, metricTrigger, MINUTE, policy, revision } from "../support/model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { vulnerabilityTrigger } from "../support/vulnerabilities.ts";
import { order, seen } from "./situation.ts";

const [v1, v2, v3] = [revision("1"), revision("2"), revision("3")];
const ROLLING = { complete: false, stalled: false, detail: "1 of 3 pods updated" };

const status = (state: TriggerState, at = Date.now()): TriggerStatus => ({
  trigger: "error-rate",
  state,
  at,
  value: 0.002,
  headline: "0.2 % errors",
  reason: "error-rate is 0.2 %, not above 5 %",
  window: { from: at, to: at, size: 1, known: 1, breaching: 0, longestGapMs: 0 },
  firesAt: undefined,
});

interface World {
  lookup: Lookup;
  statuses: () => readonly TriggerStatus[];
  readonly listeners: Set<() => void>;
  readonly change: (lookup: Lookup) => void;
}

/** Times are short; what a test does not change is as good as it can be. */
function begin(
  verify: Partial<VerifySpec>,
  options: {
    readonly appliedAt?: number;
    readonly timeoutMs?: number;
    readonly probe?: Probe;
    readonly lookup?: Lookup;
    readonly statuses?: World["statuses"];
    readonly target?: Policy["target"];
    readonly triggers?: Policy["triggers"];
    /** What it was done for. */
    readonly why?: Partial<RollbackOrder>;
  } = {},
) {
  const {
    lookup = seen(v1),
    statuses = () => [status("inactive", Date.now() + 1)],
    timeoutMs = MINUTE,
  } = options;
  const listeners = new Set<() => void>();
  const world: World = {
    lookup,
    statuses,
    listeners,
    change: (next) => {
      world.lookup = next;
      for (const listener of listeners) listener();
    },
  };
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const rollback = {
    strategy: { kind: "deployment" } as const,
    timeoutMs,
    verify: { probe: undefined, smoke: undefined, recoveryMs: MINUTE, ...verify },
  };
  const watched = policy({
    intervalMs: 20,
    triggers: options.triggers ?? [metricTrigger()],
    rollback,
    ...(options.target && { target: options.target }),
  });
  const outcome = verifyRollback(
    order({ policy: watched, ...options.why }),
    options.appliedAt ?? Date.now(),
    {
      watch: {
        current: () => world.lookup,
        onChange: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      probe: options.probe ?? createProbe(Date.now),
      triggers: () => world.statuses(),
      environment: process.env,
      secrets: () => ["s3cr3t"],
      now: Date.now,
    },
    stop.signal,
  );
  return { world, outcome, stop };
}

function smokeTest(text: string, timeoutMs = 30_000): { readonly smoke: CommandSpec; readonly cwd: string } {
  const { path: cwd, remove } = temporaryFolder();
  onTestFinished(remove);
  return { cwd, smoke: { command: ["bash", "-c", text], cwd, env: {}, timeoutMs } };
}

/** A verification that fails waits for a whole row of time-outs, so a test of a failure has a short one. */
const probing = (url: string, successes = 3, timeoutMs = 30_000): VerifySpec["probe"] => ({
  probe: { url, intervalMs: 10, timeoutMs },
  successes,
});

describe("a vulnerability after a rollback", () => {
  const triggers = [metricTrigger(), vulnerabilityTrigger()];
  const found = (state: TriggerState) => ({
    ...status(state, Date.now() + 1),
    trigger: "critical-vulnerability",
  });

  test("for errors is told and not waited for: a service that works with a hole beats one that is down", async () => {
    const statuses = () => [status("inactive", Date.now() + 1), found("firing")];
    const { outcome } = begin({}, { triggers, statuses, why: { trigger: "error-rate" } });
    const { kind, ...verdict } = await outcome;
    expect(kind).toBe("verified");
    expect(verdict).toMatchObject({
      steps: expect.arrayContaining([
        expect.stringMatching(/^critical-vulnerability is not what this was for, firing/),
      ]) as string[],
    });
  });

  test.each<[string, Partial<RollbackOrder>]>([
    ["for itself", { trigger: "critical-vulnerability" }],
    ["that a person asked for while it fired", { manual: { mustRecover: ["critical-vulnerability"] } }],
  ])("%s has to be known to be gone", async (_, why) => {
    const statuses = () => [status("inactive", Date.now() + 1), found("unknown")];
    const short = { triggers, statuses, why, timeoutMs: 50 };
    const { outcome, world } = begin({ recoveryMs: 100 }, short);
    expect(await outcome).toMatchObject({ kind: "failed", reason: "recovery-unknown" });
    world.statuses = () => [status("inactive", Date.now() + 1), found("inactive")];
    expect(await begin({}, { ...short, statuses: world.statuses }).outcome).toMatchObject({
      kind: "verified",
    });
  });
});

/** Results in this order; the last one stays. */
function probesOf(results: readonly boolean[]): { readonly probe: Probe; readonly asked: () => number } {
  let turn = 0;
  const probe: Probe = () => {
    const ok = results[turn] ?? results.at(-1) === true;
    turn += 1;
    const at = Date.now();
    return Promise.resolve(
      ok ? { at, ok, detail: "HTTP 200" } : { at, ok: false, fault: "target", detail: "HTTP 503" },
    );
  };
  return { probe, asked: () => turn };
}

describe("a verification", () => {
  test("waits for rollout, probes, smoke test and recovery, in that order, and tells of each", async () => {
    const answers = [503, 200, 200, 503, 200, 200];
    let asked = 0;
    const url = await stubServer((_, response) => {
      response.statusCode = answers[asked] ?? 200;
      asked += 1;
      response.end();
    });
    const { smoke, cwd } = smokeTest('sleep 0.1; echo "$KUBERNETES_NAMESPACE $ROLLBACKD_TO_REVISION" >> ran');
    const { world, outcome } = begin(
      { probe: probing(url), smoke },
      { lookup: seen(v2), statuses: () => [status("firing")] },
    );
    world.change(seen(v1, ROLLING));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(asked).toBe(0);
    world.change(seen(v1));
    await eventually("the smoke test ran", () => expect(existsSync(join(cwd, "ran"))).toBe(true));
    expect(asked).toBeGreaterThanOrEqual(7);
    world.statuses = () => [status("inactive")];
    const verdict = await outcome;
    expect(verdict).toEqual({
      kind: "verified",
      steps: [
        expect.stringMatching(/^rollout complete at .* after the act: 3 of 3 pods updated, 3 ready$/),
        expect.stringMatching(/^probe passed 3 of 3 in a row: HTTP 200 in \d+ ms at /),
        expect.stringMatching(/^smoke test passed at .* exited with code 0 after /),
        expect.stringMatching(/^error-rate recovered, inactive at /),
      ],
    });
    expect(readFileSync(join(cwd, "ran"), "utf8")).toBe("vcci-production 1\n");
    expect(world.listeners.size).toBe(0);
  });

  test("does not pass when one probe passed and the next five fail", async () => {
    const { probe, asked } = probesOf([true, false, false, false, false, false]);
    const statuses = () => [status(asked() > 5 ? "inactive" : "firing")];
    const { outcome } = begin(
      { probe: probing("http://127.0.0.1:1", 1, 100), recoveryMs: 400 },
      { probe, statuses },
    );
    await expect(outcome).resolves.toMatchObject({
      kind: "failed",
      reason: "probe-timeout",
      detail: expect.stringMatching(/^probe passed 0 of 1 in a row: HTTP 503/),
    });
  });

  test("needs a new row of successes when a probe fails before the verdict", async () => {
    const { probe, asked } = probesOf([true, true, true, false, true, true, true]);
    const statuses = () => [status(asked() > 3 ? "inactive" : "firing")];
    const { outcome } = begin({ probe: probing("http://127.0.0.1:1") }, { probe, statuses });
    await expect(outcome).resolves.toMatchObject({ kind: "verified" });
    expect(asked()).toBeGreaterThanOrEqual(7);
  });

  test("does not pass when the prober has been in trouble since the last success", async () => {
    let turn = 0;
    const probe: Probe = () => {
      turn += 1;
      const at = Date.now();
      return Promise.resolve(
        turn <= 3
          ? { at, ok: true, detail: "HTTP 200" }
          : { at, ok: false, fault: "prober", detail: "EMFILE" },
      );
    };
    const old = { probe: { url: "http://127.0.0.1:1", intervalMs: 5, timeoutMs: 5 }, successes: 3 };
    const statuses = () => [status(turn > 40 ? "inactive" : "firing")];
    const { outcome } = begin({ probe: old, recoveryMs: 600 }, { probe, statuses });
    await expect(outcome).resolves.toMatchObject({
      kind: "failed",
      reason: "probe-timeout",
      detail: expect.stringMatching(/^probe passed 3 of 3 in a row, the last success .* ago: EMFILE/),
    });
  });

  test("trouble of the prober itself neither counts nor breaks the row", async () => {
    const results = [true, false, true, false, true];
    let turn = 0;
    const probe: Probe = () => {
      const ok = results[turn] === true;
      turn += 1;
      const at = Date.now();
      return Promise.resolve(
        ok ? { at, ok, detail: "HTTP 200" } : { at, ok: false, fault: "prober", detail: "EMFILE" },
      );
    };
    const { outcome } = begin({ probe: probing("http://127.0.0.1:1") }, { probe });
    await expect(outcome).resolves.toMatchObject({ kind: "verified" });
    expect(turn).toBe(5);
  });

  test("of a script target without release.expr says that the rollout was not observed", async () => {
    const target = { kind: "script", namespace: undefined, releaseExpr: undefined } as const;
    await expect(begin({}, { target, lookup: seen(v2) }).outcome).resolves.toMatchObject({
      kind: "verified",
      steps: [expect.stringContaining("rollout not observed"), expect.anything()],
    });
  });
});

describe("a rollback that did not help", () => {
  test.each([
    ["the rollout does not end in time", seen(v1, ROLLING), "rollout-timeout"],
    ["the new pods never become ready", seen(v1, { ...ROLLING, stalled: true }), "rollout-stalled"],
    ["somebody ships something else", seen(v3), "superseded"],
  ])("%s", async (_, lookup, reason) => {
    const { outcome } = begin({}, { lookup, timeoutMs: 100 });
    await expect(outcome).resolves.toMatchObject({ kind: "failed", reason });
  });

  test("probes never pass in a row", async () => {
    const url = await stubServer(sends(503, "no"));
    const { outcome } = begin({ probe: probing(url, 3, 1_000), recoveryMs: 1_500 });
    await expect(outcome).resolves.toMatchObject({
      kind: "failed",
      reason: "probe-timeout",
      detail: expect.stringMatching(/^probe passed 0 of 3 in a row: HTTP 503/),
    });
  });

  test("the smoke test fails: its output is kept, without secrets", async () => {
    const { smoke } = smokeTest("echo login with s3cr3t failed; exit 1");
    await expect(begin({ smoke }).outcome).resolves.toMatchObject({
      kind: "failed",
      reason: "smoke-failed",
      detail: expect.stringContaining("exited with code 1"),
      output: "login with [secret] failed\n",
    });
  });

  test("the smoke test hangs: it is ended at its timeout", async () => {
    const { smoke } = smokeTest("sleep 60", 150);
    await expect(begin({ smoke }).outcome).resolves.toMatchObject({
      reason: "smoke-failed",
      detail: expect.stringContaining("still running after 150 ms"),
    });
  });

  test.each([
    ["the trigger goes on firing", () => [status("firing")], "recovery-timeout"],
    ["there is no traffic to judge by", () => [status("unknown")], "recovery-unknown"],
    ["nothing was evaluated since", () => [], "recovery-unknown"],
    ["the newest status is from before", () => [status("inactive", Date.now() - HOUR)], "recovery-unknown"],
  ])("%s", async (_, statuses, reason) => {
    await expect(begin({ recoveryMs: 100 }, { statuses }).outcome).resolves.toMatchObject({
      kind: "failed",
      reason,
    });
  });
});

describe("a daemon that stops or was down", () => {
  test("ends the smoke test, waits for that, and has found out nothing", async () => {
    const cleansUp = "trap 'sleep 0.1; touch ended; exit 0' TERM; touch begun; while :; do sleep 0.02; done";
    const { smoke, cwd } = smokeTest(cleansUp);
    const { outcome, stop, world } = begin({ smoke });
    await eventually("the smoke test runs", () => expect(existsSync(join(cwd, "begun"))).toBe(true));
    stop.abort();
    await expect(outcome).resolves.toEqual({ kind: "aborted" });
    expect(existsSync(join(cwd, "ended"))).toBe(true);
    expect(world.listeners.size).toBe(0);
  });

  test("trap 20: comes back long after the deadline and still verifies what has recovered", async () => {
    let looks = 0;
    // The first pass after the start has not been made yet.
    const statuses = () => ((looks += 1) > 1 ? [status("inactive", Date.now() + 1)] : []);
    const { outcome } = begin({}, { appliedAt: Date.now() - HOUR, statuses });
    await expect(outcome).resolves.toMatchObject({ kind: "verified" });
  });

  test("trap 20: comes back long after the deadline and gives the probes time for a row", async () => {
    const { probe } = probesOf([true]);
    const slow = { probe: { url: "http://127.0.0.1:1", intervalMs: 60, timeoutMs: 2_000 }, successes: 3 };
    const { outcome } = begin({ probe: slow }, { appliedAt: Date.now() - HOUR, probe });
    await expect(outcome).resolves.toMatchObject({ kind: "verified" });
  });

  test("trap 20: and keeps the deadline for what has not", async () => {
    const { outcome } = begin({}, { appliedAt: Date.now() - HOUR, statuses: () => [status("firing")] });
    await expect(outcome).resolves.toMatchObject({ kind: "failed", reason: "recovery-timeout" });
  });
});
