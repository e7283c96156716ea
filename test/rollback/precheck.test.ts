import { describe, expect, test } from "vitest";
import { precheckWith } from "../../src/rollback/precheck.ts";
import type { CommandSpec } from "../../src/rules/policy.ts";
import { MINUTE, policy, revision } from "../support/model.ts";

const TARGET = "vcci-production/vcci-api";
const change = {
  policy: policy(),
  target: TARGET,
  release: `${TARGET}@2`,
  from: revision("2"),
  to: revision("1"),
};

function precheck(script: string, changes: Partial<CommandSpec> = {}, signal = new AbortController().signal) {
  const spec: CommandSpec = {
    command: ["sh", "-c", script],
    cwd: undefined,
    env: {},
    timeoutMs: MINUTE,
    ...changes,
  };
  const ports = { environment: process.env, secrets: () => ["s3cr3t"], signal };
  return precheckWith(spec, ports)(change);
}

describe("a precheck", () => {
  test("that exits with 0 lets the release be undone", async () => {
    expect(await precheck("echo fine")).toBeUndefined();
  });

  test("is told what would change", async () => {
    const objection = await precheck("env | grep -E '^(KUBERNETES_NAMESPACE|ROLLBACKD_)' | sort; exit 1");
    expect(objection?.output?.trim().split("\n")).toEqual([
      "KUBERNETES_NAMESPACE=vcci-production",
      "ROLLBACKD_FROM_REVISION=2",
      "ROLLBACKD_POLICY=vcci-api",
      `ROLLBACKD_TARGET=${TARGET}`,
      "ROLLBACKD_TO_REVISION=1",
    ]);
  });

  test("trap 39: that exits with another code says no, with the end of what it printed and no secret", async () => {
    const objection = await precheck(
      "echo first; echo; echo column dropped; echo key s3cr3t; echo bye; exit 3",
    );
    expect(objection?.detail).toMatch(
      /^the precheck says that it cannot be undone: sh -c .* exited with code 3 after .*; it printed: column dropped \/ key \[secret\] \/ bye$/u,
    );
    expect(objection?.output).toContain("first\n");
  });

  test.each([
    ["hangs", precheckOf("sleep 60", { timeoutMs: 100 }), "was still running after 100 ms"],
    ["is killed", precheckOf("kill -9 $$"), "was ended by SIGKILL"],
    ["calls what is not there", precheckOf("no-such-command"), "exited with code 127"],
    ["is not there", precheckOf("", { command: ["/no/such/precheck"] }), "was not found"],
    ["has no folder", precheckOf("", { cwd: "/no/such/folder" }), "/no/such/folder"],
  ])("that %s is no permission, and named", async (_, run, said) => {
    const objection = await run();
    expect(objection?.detail).toMatch(/^whether it can be undone is not known, .*; fix rollback.precheck$/u);
    expect(objection?.detail).toContain(said);
  });

  test("is ended when the daemon is stopped", async () => {
    const began = performance.now();
    const objection = await precheck("sleep 60", {}, AbortSignal.timeout(50));
    expect(objection?.detail).toContain("rollbackd is stopping");
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

function precheckOf(script: string, changes: Partial<CommandSpec> = {}) {
  return () => precheck(script, changes);
}
