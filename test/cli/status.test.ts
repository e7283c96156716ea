import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type PolicyStatus, statusText } from "../../src/cli/status-text.ts";
import { call, terminal } from "./call.ts";

type Trigger = PolicyStatus["triggers"][number];

function trigger(changes: Partial<Trigger> = {}): Trigger {
  const at = "2026-01-01T00:00:00.000Z";
  return {
    trigger: "error-rate",
    kind: "metric",
    mode: "enforce",
    state: "inactive",
    at,
    value: 0.0123,
    threshold: "above 5%",
    reason: "error-rate 0.0123 ≤ 0.05",
    window: { from: at, to: at, size: 21, known: 21, breaching: 0, coverage: 1, longestGapMs: 0 },
    ...changes,
  };
}

const well: PolicyStatus = {
  name: "shop",
  mode: "approve",
  target: "prod/shop",
  release: {
    id: "prod/shop@7",
    revision: "7",
    digest: "d7",
    standing: "unproven",
    images: { api: "shop:2" },
    startedAt: "2026-01-01T00:00:00.000Z",
    guardedUntil: "2026-01-01T01:00:00.000Z",
    cause: "deploy",
    reversible: true,
  },
  evaluatedAt: "2026-01-01T00:00:00.000Z",
  sight: "sighted",
  triggers: [trigger()],
};
const alices = { holder: "token:alice", at: "2026-01-01T00:00:00.000Z", note: "load test" };
const bots = { holder: "token:ci", at: alices.at, until: "2026-01-01T00:20:00.000Z" };
const frozen = { by: "token:alice", at: alices.at, note: "load test", freezes: [alices, bots] };
const pendingApproval = {
  decisionId: "d-1",
  state: "waiting",
  trigger: "error-rate",
  askedAt: "2026-01-01T00:00:00.000Z",
  until: "2026-01-01T00:30:00.000Z",
} as const;
const pending = trigger({
  state: "pending",
  value: 0.112,
  firesAt: "2026-01-01T00:01:03.000Z",
  window: { ...trigger().window, breaching: 16 },
});
const rollback = {
  decisionId: "d-2",
  from: { revision: "7", digest: "d7" },
  to: { revision: "6", digest: "d6" },
  startedAt: "2026-01-01T00:00:00.000Z",
};

/** A daemon that answers this to whatever it is asked. */
async function daemon(status: number, answer: object | string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(status).end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe("status", () => {
  it.each<[string, Partial<PolicyStatus>, 0 | 1]>([
    ["all is well", {}, 0],
    ["people hold automation back", { frozen }, 0],
    ["a trigger is pending", { triggers: [trigger(), pending] }, 1],
    ["a trigger fires", { triggers: [trigger({ state: "firing" })] }, 1],
    ["a trigger is unknown", { triggers: [trigger({ state: "unknown" })] }, 1],
    ["a person is asked", { pendingApproval }, 1],
    ["it is being rolled back", { rollback }, 1],
    ["the target is not seen", { unseen: "forbidden" }, 1],
    ["it is blind", { sight: { since: "2026-01-01T00:00:00.000Z", reason: "unreachable" } }, 1],
  ])("ends as it should when %s", async (_, changes, code) => {
    const { url } = await daemon(200, { policies: [well, { ...well, ...changes }] });
    expect(await call("status", "--server", url)).toMatchObject({ code, err: "" });
  });

  it("nothing evaluated yet, or nothing in force, is not well", async () => {
    const { evaluatedAt: _, ...unevaluated } = well;
    const early = await daemon(200, { policies: [unevaluated] });
    expect(await call("status", "--server", early.url)).toMatchObject({ code: 1 });
    const none = await daemon(200, { policies: [] });
    const done = await call("status", "--server", none.url);
    expect(done).toMatchObject({ code: 1, out: expect.stringContaining("/health/ready") as string });
  });

  it("of one policy asks for it alone, and for programs is what the daemon answered", async () => {
    const { url, asked } = await daemon(200, well);
    const done = await call("status", "shop", "--format", "json", "--server", url);
    expect(asked).toEqual(["/api/v1/policies/shop"]);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toEqual({ policies: [well] });
  });

  it.each([
    [404, { detail: "There is no policy shop. In force: api." }, "In force: api"],
    [401, { detail: "Who are you?" }, "--token-file"],
    [200, "<html>", "is not rollbackd"],
    [200, { hello: 1 }, "is not rollbackd"],
  ])("that cannot be asked (%i %j) ends with 2 and says why", async (status, answer, text) => {
    const { url } = await daemon(status, answer);
    const done = await call("status", "shop", "--server", url);
    expect(done).toMatchObject({ code: 2, out: "", err: expect.stringContaining(text) as string });
  });

  it("that nobody answers ends with 2 and names the address", async () => {
    const done = await call("status", "--server", "http://127.0.0.1:1");
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining("http://127.0.0.1:1") as string });
  });
});

describe("the text of what automation may do", () => {
  const until = "2026-01-01T01:00:00.000Z";
  const cooldown = { reason: "cooldown", detail: "cooldown of 15 min", until: "2026-01-01T00:15:00.000Z" };
  type Automation = NonNullable<PolicyStatus["automation"]>;
  const line = (automation: Automation): string | undefined =>
    statusText({ ...well, automation }, terminal(true, 80).io)
      .split("\n")
      .find((each) => each.includes("may act"));

  it.each<[string, Automation, string]>([
    [
      "now, until the guard ends",
      { from: until, until, asks: false, waits: [] },
      "now, until 2026-01-01 01:00:00Z",
    ],
    ["after approval", { from: until, asks: true, waits: [] }, "now, once a person approves"],
    [
      "at an instant, by a rule",
      { from: "2026-01-01T00:15:00.000Z", asks: false, waits: [cooldown as Automation["waits"][number]] },
      "from 2026-01-01 00:15:00Z (cooldown of 15 min)",
    ],
    [
      "not by time alone",
      { asks: false, waits: [{ reason: "observe-mode", detail: "every trigger is in observe mode" }] },
      "not now (observe-mode): every trigger is in observe mode",
    ],
  ])("says %s within 80 columns", (_, automation, words) => {
    expect(line(automation)).toBe(`  may act     ${words}`);
    expect(line(automation)?.length).toBeLessThanOrEqual(80);
  });

  it("says how the last rollback ended, and the whole command that undoes it", () => {
    const undo = "kubectl -n vcci-production rollout undo deployment/vcci-api --to-revision=2";
    const lastRollback = {
      ...rollback,
      trigger: "error-rate",
      endedAt: "2026-01-01T00:05:00.000Z",
      outcome: "verified",
      undo,
    } as const;
    const lines = statusText({ ...well, lastRollback }, terminal(true, 80).io).split("\n");
    expect(lines).toContain("  last        d-2 verified: 7 to 6, error-rate, 2026-01-01 00:05:00Z");
    expect(lines).toContain(`  undo with   ${undo}`);
  });
});

describe("the text of a policy", () => {
  const busy: PolicyStatus = {
    ...well,
    frozen,
    pendingApproval,
    triggers: [
      pending,
      trigger({ trigger: "p95", state: "firing", value: 2.5, threshold: "above 2000ms" }),
      trigger({ trigger: "health", kind: "health", value: 1, threshold: "3 failures" }),
      trigger({ trigger: "queue", state: "unknown", reason: "no-data" }),
    ],
  };

  it("says what runs, what people decided and are asked, and when what would fire", () => {
    expect(statusText(busy, terminal().io).split("\n")).toEqual([
      "shop  approve  prod/shop",
      "  release     prod/shop@7: revision 7 (shop:2), unproven, since 2026-01-01 00:00:00Z, guarded until 2026-01-01 01:00:00Z",
      "  frozen      until token:alice resumes it: load test",
      "  frozen      until 2026-01-01 00:20:00Z, by token:ci",
      "  asks        until 2026-01-01 00:30:00Z: rollbackd approve d-1 or rollbackd reject d-1",
      "  trigger     state     value   threshold      outlook",
      "  error-rate  pending   11.2 %  above 5 %      fires in 1 min 3 s if it lasts, 16 of 21 slots",
      "  p95         firing    2.5 s   above 2000 ms  0 of 21 slots",
      "  health      inactive  passed  3 failures",
      "  queue       unknown   1.23 %  above 5 %      no-data",
    ]);
  });

  const lines = (policy: PolicyStatus, ...screen: Parameters<typeof terminal>) =>
    statusText(policy, terminal(...screen).io).split("\n");

  it("keeps to the width of a terminal, but for a command, and to no width in a pipe", () => {
    const long = lines(busy, true, 60).filter((line) => line.length > 60);
    expect(long).toMatchObject([expect.stringContaining("rollbackd reject d-1") as string]);
    expect(lines({ ...busy, unseen: "x".repeat(200) }, false, 60).join()).toContain("x".repeat(200));
  });

  it("says nothing of a decision whose rollback has ended", () => {
    const decision = {
      decisionId: "d-1",
      decision: "rollback",
      reason: "rollback",
      trigger: "error-rate",
      summary: "Rolling back.",
    } as const;
    expect(lines({ ...well, decision }).join()).not.toContain("Rolling back");
    expect(
      lines({ ...well, decision: { ...decision, decision: "hold", reason: "frozen" } }).join(),
    ).toContain("d-1 hold, frozen: Rolling");
    expect(lines({ ...well, rollback }).join()).toContain("d-2 from 7 to 6, begun 2026-01-01 00:00:00Z");
  });

  it("is coloured where that is wanted, and says the same without", () => {
    const { io } = terminal();
    const colored = statusText(busy, { ...io, color: true });
    expect(colored).toContain("\u001b[31m");
    expect(stripVTControlCharacters(colored)).toBe(statusText(busy, io));
  });
});
