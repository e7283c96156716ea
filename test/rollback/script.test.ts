import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Lookup } from "../../src/releases/watch.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { scriptStrategy } from "../../src/rollback/script.ts";
import type { CommandSpec } from "../../src/rules/policy.ts";
import { MINUTE, policy, release, revision } from "../support/model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fewTries } from "./tries.ts";

const FROM = revision("v2");
const TO = revision("v1");
const TARGET = "script/vcci-api";

function order(changes: Partial<RollbackOrder> = {}): RollbackOrder {
  const target = { kind: "script" as const, namespace: "vcci-production", releaseExpr: "version" };
  return {
    decisionId: "d-1",
    policy: policy({ target }),
    target: TARGET,
    release: `${TARGET}@v2`,
    uid: TARGET,
    from: FROM,
    to: TO,
    reason: "error-rate 0.112 > 5% for 5m, 21 of 21 slots",
    ...changes,
  };
}

const runs = (running: typeof FROM, uid = TARGET): Lookup => ({
  ok: true,
  snapshot: {
    target: TARGET,
    uid,
    release: release({ revision: running }),
    earlier: [],
    rollbacks: [],
    rollout: { complete: true, stalled: false, detail: "" },
  },
});
const unseen = (reason: Extract<Lookup, { ok: false }>["reason"]): Lookup => ({
  ok: false,
  reason,
  detail: "no answer within 10s",
});

/** A folder with a rollback.sh of this text, and the strategy that runs it. */
function scripted(text: string, lookup: Lookup = runs(FROM), spec: Partial<CommandSpec> = {}) {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  writeFileSync(join(path, "rollback.sh"), text);
  const script: CommandSpec = {
    command: ["bash", "rollback.sh"],
    cwd: path,
    env: {},
    timeoutMs: MINUTE,
    ...spec,
  };
  const strategy = fewTries(
    scriptStrategy(script, {
      reread: () => Promise.resolve(lookup),
      environment: process.env,
      secrets: () => ["s3cr3t"],
    }),
  );
  const act = (changes?: Partial<RollbackOrder>, signal = new AbortController().signal) =>
    strategy.act(order(changes), signal);
  return { path, strategy, act };
}

describe("a rollback script", () => {
  test("that starts a service and exits with 0 leaves the service running", async () => {
    const { act, path } = scripted("nohup sleep 60 & echo $! > pid; exit 0");
    await expect(act()).resolves.toMatchObject({ kind: "applied" });
    const pid = Number(readFileSync(join(path, "pid"), "utf8"));
    expect(process.kill(pid, "SIGKILL")).toBe(true);
  });

  test("gets a reason of one line, whatever the person who asked is called", async () => {
    const { act } = scripted('echo "[$ROLLBACKD_REASON]"');
    const reason = "other, asked for by eve\n\u001B[2J\0\u202Eadmin";
    await expect(act({ reason })).resolves.toMatchObject({
      output: "[other, asked for by eve [2J admin]\n",
    });
  });

  test("is told what it needs to know, and its output is kept", async () => {
    const { act } = scripted("env | grep -E '^(KUBERNETES_NAMESPACE|ROLLBACKD_)' | sort");
    await expect(act()).resolves.toEqual({
      kind: "applied",
      detail: expect.stringMatching(/^bash rollback\.sh exited with code 0 after /),
      output: [
        "KUBERNETES_NAMESPACE=vcci-production",
        "ROLLBACKD_DECISION_ID=d-1",
        "ROLLBACKD_FROM_REVISION=v2",
        "ROLLBACKD_POLICY=vcci-api",
        "ROLLBACKD_REASON=error-rate 0.112 > 5% for 5m, 21 of 21 slots",
        "ROLLBACKD_TARGET=script/vcci-api",
        "ROLLBACKD_TO_REVISION=v1",
        "",
      ].join("\n"),
    });
  });

  test("without a namespace is told none", async () => {
    const { act } = scripted('echo "[${KUBERNETES_NAMESPACE-none}]"');
    const target = { kind: "script" as const, namespace: undefined, releaseExpr: undefined };
    await expect(act({ policy: policy({ target }) })).resolves.toMatchObject({ output: "[none]\n" });
  });

  test.each([
    ["exits non-zero", "echo key s3cr3t; exit 3", "script-failed", "code 3", "key [secret]\n"],
    ["is killed", "kill -9 $$", "script-failed", "SIGKILL", undefined],
    ["runs a command that is not there", "no-such-command", "script-failed", "code 127", expect.anything()],
  ])("trap 27: that %s has failed, with its output", async (_, text, reason, detail, output) => {
    const outcome = await scripted(text).act();
    expect(outcome).toMatchObject({ kind: "failed", reason, detail: expect.stringContaining(detail) });
    expect(outcome.output).toEqual(output);
  });

  test("trap 27: that hangs is ended at the earlier of its own timeout and the rollback's", async () => {
    const hung = await scripted("sleep 60", runs(FROM), { timeoutMs: 200 }).act();
    expect(hung).toMatchObject({ kind: "failed", reason: "script-timeout" });
    const { rollback } = policy();
    const bounded = await scripted("sleep 60").act({
      policy: policy({ rollback: { ...rollback, timeoutMs: 200 } }),
    });
    expect(bounded).toMatchObject({
      reason: "script-timeout",
      detail: expect.stringContaining("after 200 ms"),
    });
  });

  test.each([
    [["./gone.sh"], "script-missing"],
    [["bash", "gone.sh"], "script-missing"],
    [["./rollback.sh"], "script-not-executable"],
  ] as const)("trap 27: %j is told as %s", async (command, reason) => {
    const outcome = await scripted("true", runs(FROM), { command: [...command] }).act();
    expect(outcome).toMatchObject({
      kind: "failed",
      reason,
      detail: expect.stringMatching(/nothing was changed/i),
    });
  });

  test("trap 27: without its working folder has not been run", async () => {
    const outcome = await scripted("true", runs(FROM), { cwd: "/nowhere" }).act();
    expect(outcome).toMatchObject({ reason: "script-missing", detail: expect.stringContaining("/nowhere") });
  });

  test("that a stopping daemon ends was interrupted", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    await expect(scripted("sleep 60").act({}, stop.signal)).resolves.toMatchObject({ reason: "interrupted" });
  });
});

describe("just before the script", () => {
  test.each([
    ["trap 21: a fix was shipped", runs(revision("v3")), "superseded", "now runs v3, not v2"],
    ["somebody rolled back already", runs(TO), "superseded", "now runs v1, not v2"],
    ["the object was made anew", runs(FROM, "another"), "superseded", "made anew"],
    ["the target is gone", unseen("not-found"), "target-missing", "is gone"],
    ["it may not be read", unseen("forbidden"), "forbidden", "may not be read"],
    ["its source does not answer", unseen("unreachable"), "unreachable", "no answer within 10s"],
    ["its version cannot be used", unseen("unusable-version"), "superseded", "for certain"],
  ])("%s: it does not run", async (_, lookup, reason, detail) => {
    const { act, path } = scripted("touch ran", lookup);
    await expect(act()).resolves.toMatchObject({
      kind: "failed",
      reason,
      detail: expect.stringContaining(detail),
    });
    expect(existsSync(join(path, "ran"))).toBe(false);
  });

  test("no pod is left to tell the version: it runs", async () => {
    const { act, path } = scripted("echo $ROLLBACKD_TO_REVISION > ran", unseen("unknown-version"));
    await expect(act()).resolves.toMatchObject({ kind: "applied" });
    expect(readFileSync(join(path, "ran"), "utf8")).toBe("v1\n");
  });
});

describe("after a crash in the middle", () => {
  test.each([
    [runs(FROM), "not-applied"],
    [runs(TO), "applied"],
    [runs(revision("v3")), "moved"],
    [runs(FROM, "another"), "moved"],
    [unseen("unreachable"), "not-observable"],
    [unseen("unknown-version"), "not-observable"],
  ])("the target shows how far it got (%#)", async (lookup, expected) => {
    const { strategy } = scripted("exit 1", lookup);
    await expect(strategy.inspect(order())).resolves.toBe(expected);
  });

  test("trap 27: a script is not for running twice", () => {
    expect(scripted("true").strategy.repeatable).toBe(false);
  });
});

test.each([
  ["of what was rolled back", FROM, "not-observable"],
  ["of something else", revision("v3"), "moved"],
])("after a crash, what was only told %s does not say whether the script ran", async (_, running, shown) => {
  const seen = runs(running);
  const lookup: Lookup = seen.ok
    ? { ...seen, snapshot: { ...seen.snapshot, release: { ...seen.snapshot.release, isTold: true } } }
    : seen;
  await expect(scripted("true", lookup).strategy.inspect(order())).resolves.toBe(shown);
});
