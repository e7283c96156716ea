import { expect, test } from "vitest";
import { look, type LookPorts } from "../../src/checkpoints/look.ts";
import type { Check } from "../../src/rules/policy.ts";
import type { ProbeResult } from "../../src/signals/probe.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { HOUR, TEN } from "../support/model.ts";

const INSTANTS = { dueAt: TEN + HOUR, startedAt: TEN };
const BELOW = { is: "below", value: 1, text: "1" } as const;

function ports(seen: Partial<{ probe: ProbeResult; sample: (at: number) => Sample }> = {}): LookPorts {
  const { probe = { at: TEN, ok: true, detail: "HTTP 200 in 1 ms" }, sample } = seen;
  return {
    sampler: {
      sampleAt: async (_, at) => ({ samples: sample === undefined ? [] : [sample(at)], endpoint: "" }),
    },
    probe: async () => probe,
    environment: { PATH: process.env["PATH"] },
    secrets: () => ["hunter2"],
  };
}

async function found(
  check: Check,
  seen?: Parameters<typeof ports>[0],
  signal = new AbortController().signal,
) {
  const { checks, mayKnowLater } = await look(
    { at: "1h", atMs: HOUR, checks: [check] },
    INSTANTS,
    ports(seen),
    signal,
  );
  return { ...checks[0], mayKnowLater };
}

const probe: Check = {
  kind: "probe",
  name: "ready",
  probe: { url: "http://vcci-api:8000/health/ready", intervalMs: 10_000, timeoutMs: 2000 },
};

function command(...words: readonly [string, ...string[]]): Check {
  return {
    kind: "command",
    name: "validate",
    command: { command: words, cwd: undefined, env: {}, timeoutMs: 10_000 },
  };
}

test.each<[string, ProbeResult, string]>([
  ["an answer that is good", { at: TEN, ok: true, detail: "HTTP 200 in 1 ms" }, "pass"],
  ["one that is not", { at: TEN, ok: false, fault: "target", detail: "HTTP 503 in 1 ms" }, "fail"],
  ["trouble on this side", { at: TEN, ok: false, fault: "prober", detail: "EMFILE" }, "unknown"],
])("a probe: %s", async (_, seen, result) => {
  expect(await found(probe, { probe: seen })).toEqual({
    name: "ready",
    result,
    detail: `http://vcci-api:8000/health/ready: ${seen.detail}`,
    mayKnowLater: false,
  });
});

test.each<[string, readonly [string, ...string[]], string]>([
  ["that exits with 0", ["true"], "pass"],
  ["that exits with something else", ["false"], "fail"],
  ["that there is not", ["/nowhere/validate"], "unknown"],
])("a command %s", async (_, words, result) => {
  expect((await found(command(...words))).result).toBe(result);
});

test("a command that failed says what it printed, without secrets", async () => {
  const { detail } = await found(command("sh", "-c", "echo login with hunter2 refused; exit 3"));
  expect(detail).toMatch(/exited with code 3 .*refused$/);
  expect(detail?.split("after").at(-1)).not.toContain("hunter2");
});

test("a command that is ended because the daemon stops is unknown", async () => {
  expect((await found(command("sleep", "60"), {}, AbortSignal.timeout(50))).result).toBe("unknown");
});

test("a metric is measured for the instant of the checkpoint, and what was before for the start of the release", async () => {
  const check: Check = {
    kind: "metric",
    name: "p95",
    query: { kind: "expr", expr: "x" },
    must: BELOW,
    versus: { may: "rise", of: "share", by: 0.2, text: "20%" },
  };
  const sample = (at: number): Sample => ({ at, value: at === TEN ? 0.5 : at === TEN + HOUR ? 0.55 : 99 });
  expect(await found(check, { sample })).toMatchObject({ result: "pass", value: 0.55, before: 0.5 });
});

test.each([
  ["no answer", "unreachable", true],
  ["a server's trouble", "query-failed", true],
  ["a query that is wrong", "query-rejected", false],
  ["nothing to measure", "no-data", false],
] as const)("%s may be known later: %s", async (_, unknown, later) => {
  const check: Check = {
    kind: "metric",
    name: "m",
    query: { kind: "expr", expr: "x" },
    must: BELOW,
    versus: undefined,
  };
  const sample = (at: number): Sample => ({ at, unknown });
  expect(await found(check, { sample })).toMatchObject({ result: "unknown", mayKnowLater: later });
});
