import { describe, expect, it } from "vitest";
import type { DecisionRecord, LogRecord, RecordBody } from "../../src/log/record.ts";
import { reportDocument } from "../../src/report/document.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { applied, decision, evidence, failed, started, trigger, verified } from "../notifications/story.ts";
import { type Block, parsed } from "./parsed.ts";

const OF = { policy: "api", target: "shop/api", release: "shop/api@7" };
const PAGE = { policy: "api", decisionId: "d1", notificationId: "n1", channel: "pagerduty" } as const;
const SLACK = { policy: "api", decisionId: "d1", notificationId: "n2", channel: "slack" } as const;

const observed: RecordBody = {
  type: "release.observed",
  ...OF,
  revision: "7",
  digest: "d7",
  previous: { revision: "6", digest: "d6" },
  startedAt: "2026-01-01T00:00:00.000Z",
  cause: "deploy",
  quarantined: false,
};

const told: readonly RecordBody[] = [
  { type: "notification.queued", ...PAGE, event: "trigger", dedupKey: "k", cause: 4 },
  { type: "notification.queued", ...SLACK, event: "trigger", dedupKey: "k", cause: 4 },
  { type: "notification.delivered", ...PAGE, attempts: 2 },
  { type: "notification.failed", ...SLACK, attempts: 7, error: "Slack said | no_service" },
];

function asked(reason: "data-corruption" | "other"): RecordBody {
  return {
    type: "operator.rollback",
    policy: "api",
    target: "shop/api",
    decisionId: "d1",
    by: "token:alice",
    reason,
  };
}

function byHand(reason: "data-corruption" | "other", runbook?: string): DecisionRecord {
  return {
    ...decision("d1"),
    trigger: "manual",
    evidence: [],
    manual: { reason, by: "token:alice", note: "totals | are wrong" },
    ...(runbook === undefined ? {} : { runbook }),
  };
}

const listed = (id: string, image: string) => ({
  id,
  image,
  severity: "critical" as const,
  package: "openssl",
  installed: "3.0.11-1",
  fixed: "3.0.14-1",
  reports: ["VulnerabilityReport a|b"],
});

/** The report of the first decision among the records. */
function report(...bodies: readonly RecordBody[]): string {
  const around = recordsOf(bodies);
  const made = around.find((record) => record.type === "decision.made");
  if (made === undefined) throw new Error("no decision");
  const own = around.filter(
    (record: LogRecord) => "decisionId" in record && record.decisionId === made.decisionId,
  );
  return reportDocument({ decision: made, own, around }, (text) => text.replaceAll("HUN*TER_2", "[secret]"));
}

function sectionOf(markdown: string, title: string): readonly Block[] {
  const blocks = parsed(markdown);
  const begin = blocks.findIndex((block) => block.kind === "heading" && block.text === title);
  expect(begin, `a section "${title}"`).toBeGreaterThanOrEqual(0);
  const rest = blocks.slice(begin + 1);
  const end = rest.findIndex((block) => block.kind === "heading" && block.level <= 2);
  return end < 0 ? rest : rest.slice(0, end);
}

function titleOf(markdown: string): string {
  return markdown.split("\n")[0] ?? "";
}

const VERIFIED = [
  observed,
  trigger("pending"),
  trigger("firing"),
  decision("d1"),
  started("d1"),
  ...told,
  applied("d1"),
  verified("d1"),
];

describe("the report of a rollback that helped", () => {
  const markdown = report(...VERIFIED);

  it("says in its title and first paragraph what happened", () => {
    expect(titleOf(markdown)).toBe("# shop/api was rolled back from revision 7 to revision 6, and it helped");
    expect(markdown).toMatch(
      /^On 2026-01-01 at [\d:]+ UTC rollbackd decided: error-rate is 11\.2 %, above 5 % for 1 min.*verified: recovered after 40 s\.$/mu,
    );
  });

  it("has the window as it was measured, slot by slot", () => {
    const samples = sectionOf(markdown, "What fired").find((block) => block.kind === "table");
    expect(samples?.rows.map((row) => row.slice(1, 3))).toEqual([
      ["value", "verdict"],
      ["0.1 %", ""],
      ["6 %", ""],
      ["–", "unknown: unreachable"],
      ["11 %", ""],
      ["11.2 %", ""],
    ]);
  });

  it("judges each slot by the threshold", () => {
    const shown = report({
      ...decision("d1"),
      evidence: [{ ...evidence, threshold: "above 5%", limit: 0.05 }],
    });
    const samples = sectionOf(shown, "What fired").find((block) => block.kind === "table");
    expect(samples?.rows.map((row) => row[2])).toEqual([
      "verdict",
      "healthy",
      "breaching",
      "unknown: unreachable",
      "breaching",
      "breaching",
    ]);
  });

  it("begins its timeline with the release and has each step", () => {
    const timeline = sectionOf(markdown, "Timeline").find((block) => block.kind === "table");
    expect(timeline?.rows.slice(1).map((row) => row[2])).toEqual([
      "release.observed",
      "trigger.pending",
      "trigger.firing",
      "decision.made",
      "rollback.started",
      "rollback.applied",
      "rollback.verified",
    ]);
  });

  it("says whom it reached, when, and whom it did not", () => {
    const table = sectionOf(markdown, "Who was told").find((block) => block.kind === "table");
    expect(table?.rows[1]?.[3]).toMatch(/^delivered 2026-01-01 .*, after /u);
    expect(table?.rows[1]?.[4]).toBe("2");
    expect(table?.rows[2]?.[3]).toMatch(/^not delivered: .*Slack said \\\| no_service$/u);
  });

  it("lists every record with its hash, its own in bold", () => {
    const table = sectionOf(markdown, "Related records").find((block) => block.kind === "table");
    expect(table?.rows).toHaveLength(1 + VERIFIED.length);
    expect(table?.rows[4]?.[2]).toBe("**decision.made**");
    expect(table?.rows[1]?.[2]).toBe("release.observed");
  });

  it("names the commands to look further", () => {
    const commands = sectionOf(markdown, "Look further").find((block) => block.kind === "code");
    expect(commands?.lines).toContain("rollbackd log show d1");
    expect(commands?.lines).toContain("kubectl -n shop rollout history deployment/api --revision=7");
  });

  it("links to the graph of what Prometheus measured", () => {
    const measured = { ...evidence, threshold: "above 5%", limit: 0.05 };
    const shown = report({ ...decision("d1"), evidence: [measured] });
    const link = sectionOf(shown, "Look further").find((block) => block.kind === "text");
    const address = /\(<(.+)>\)/u.exec(link?.kind === "text" ? link.text : "")?.[1] ?? "";
    expect(new URL(address).searchParams.get("g0.expr")).toBe(evidence.query);
  });
});

describe("other ends", () => {
  it("a rollback that failed: why, how the target stands, and the command that is left", () => {
    const markdown = report(decision("d1"), started("d1"), {
      ...failed("d1", "rejected"),
      output: "``` | out",
    } as RecordBody);
    expect(titleOf(markdown)).toBe(
      "# The rollback of shop/api from revision 7 to revision 6 failed (rejected)",
    );
    expect(markdown).toContain(
      "it failed: the cluster refused the change. Nothing was changed: shop/api still runs revision 7.",
    );
    expect(markdown).toContain("kubectl -n shop rollout undo deployment/api --to-revision=6");
    expect(sectionOf(markdown, "Who and what acted").find((block) => block.kind === "code")).toMatchObject({
      lines: ["``` | out"],
    });
  });

  it("a sentence ends with one full stop, whether or not it came with one", () => {
    for (const detail of ["It was refused", "It was refused."]) {
      const markdown = report(decision("d1"), started("d1"), { ...failed("d1"), detail } as RecordBody);
      expect(markdown).toMatch(/^Failed at .*: It was refused\.$/mu);
    }
  });

  it("one that is not at its end says so", () => {
    const markdown = report(decision("d1"), started("d1"));
    expect(titleOf(markdown)).toBe("# shop/api is being rolled back from revision 7 to revision 6");
    expect(markdown).toContain("As far as the log goes it is not at its end.");
  });

  it.each([
    ["hold", "frozen", "# shop/api was not rolled back (frozen)"],
    ["escalate", "outside-guard-period", "# shop/api was not rolled back (outside-guard-period)"],
    [
      "hold",
      "observe-mode",
      "# shop/api would have been rolled back from revision 7 to revision 6 (observe mode)",
    ],
  ] as const)("%s, %s", (kind, reason, title) => {
    const markdown = report(decision("d1", { decision: kind, reason, otherReasons: ["cooldown"] }));
    expect(titleOf(markdown)).toBe(title);
    expect(markdown).toContain("| also in the way | `cooldown` |");
    expect(markdown).not.toContain("## Verification");
  });

  it("a decision that waited for a person says what came of it", () => {
    const waited = decision("d1", { decision: "escalate", reason: "awaiting-approval" });
    const rejected: RecordBody = {
      type: "operator.reject",
      policy: "api",
      decisionId: "d1",
      by: "token:bob",
      note: "not now",
    };
    const markdown = report(waited, rejected);
    expect(markdown).toContain("token:bob rejected it.");
    const who = sectionOf(markdown, "Who and what acted").find((block) => block.kind === "table");
    expect(who?.rows.at(-1)?.[1]).toBe("token:bob");
  });

  it("one that was approved names the decision that followed, and that one names who was asked by which", () => {
    const waited = decision("d1", { decision: "escalate", reason: "awaiting-approval" });
    const yes: RecordBody = { type: "operator.approve", policy: "api", decisionId: "d1", by: "token:bob" };
    const followed = { ...decision("d2"), approval: { decisionId: "d1", by: "token:bob" } };
    expect(report(waited, yes, followed)).toContain("token:bob approved it; decision d2 followed.");
    expect(report(waited, yes)).toContain("token:bob approved it; no rollback has followed so far.");
    expect(report(followed)).toContain("| approved | by token:bob, who was asked by `d1` |");
  });

  it("a rollback by hand says who asked and why, and that nothing had to fire", () => {
    const markdown = report(asked("other"), byHand("other"), started("d1"), applied("d1"), verified("d1"));
    expect(titleOf(markdown)).toBe(
      "# shop/api was rolled back by hand from revision 7 to revision 6, and it helped",
    );
    expect(markdown).toContain("Nothing had to fire: token:alice asked for it, because of `other`.");
    const who = sectionOf(markdown, "Who and what acted").find((block) => block.kind === "table");
    expect(who?.rows[1]?.[1]).toBe("token:alice");
  });

  it("trap 43: after data corruption it says that code was rolled back and data was not, with the runbook", () => {
    const bodies = [started("d1"), applied("d1"), verified("d1")];
    const markdown = report(
      asked("data-corruption"),
      byHand("data-corruption", "https://wiki.example/data"),
      ...bodies,
    );
    expect(markdown).toContain("**Code was rolled back, data was not.**");
    expect(markdown).toContain("How to fix it: [https://wiki.example/data](<https://wiki.example/data>)");
    expect(report(asked("data-corruption"), byHand("data-corruption"))).toContain(
      "The policy names no runbook",
    );
    expect(report(asked("other"), byHand("other"))).not.toContain("data was not");
  });

  it("trap 34: a secret shows nowhere, also one that Markdown writes with backslashes", () => {
    const markdown = report({
      ...decision("d1"),
      summary: "HUN*TER_2",
      evidence: [{ ...evidence, query: "HUN*TER_2" }],
    });
    expect(markdown.replaceAll("\\", "")).not.toContain("HUN*TER_2");
    expect(markdown).toContain("[secret]");
  });

  it("what came with the release and what changed beside it, and what could not be seen", () => {
    const context = {
      changes: [
        "- containers.api.image: api:1",
        "+ containers.api.image: api:2",
        "~ containers.api.env.URL (values are not shown)",
      ],
      references: {
        since: "2025-12-31T00:00:00.000Z",
        looked: 3,
        changed: [{ kind: "Secret", name: "db", at: "2025-12-31T23:58:12.000Z" }],
      },
      unseen: ["ConfigMap a|b does not exist, and pods of the release refer to it."],
    } as const;
    const markdown = report({ ...decision("d1"), context });
    expect(sectionOf(markdown, "What the release changed")).toContainEqual({
      kind: "code",
      language: "diff",
      lines: context.changes,
    });
    const beside = sectionOf(markdown, "ConfigMaps and Secrets changed lately");
    expect(beside).toContainEqual({
      kind: "table",
      rows: [
        ["kind", "name", "changed (UTC)"],
        ["Secret", "db", "2025-12-31 23:58:12Z"],
      ],
    });
    expect(markdown).toContain("1 of 3 that its pods read changed after 2025-12-31 00:00:00Z");
    expect(markdown).toContain(String.raw`- ConfigMap a\|b does not exist`);
  });

  it("a context without anything in it says so", () => {
    const references = { since: "2025-12-31T00:00:00.000Z", looked: 2, changed: [] };
    const same = report({ ...decision("d1"), context: { changes: [], references } });
    expect(same).toContain("Nothing in its pod template differs");
    expect(same).toContain("None of 2 that its pods read changed after 2025-12-31 00:00:00Z.");
    const none = report({ ...decision("d1"), context: { references: { ...references, looked: 0 } } });
    expect(none).toContain("Its pods read none.");
    expect(report({ ...decision("d1"), context: {} })).toContain("That could not be seen");
    expect(report(decision("d1"))).toContain("That is not on record");
  });

  it("a vulnerability: what counts in what ran, and what of it is where the way back leads, with who says so", () => {
    const found = {
      vulnerabilities: [listed("CVE-1", "api:2"), listed("CVE-2", "api:2")],
      targetVulnerabilities: [listed("CVE-2", "api:1")],
    };
    const shown = report({ ...decision("d1"), evidence: [{ ...evidence, ...found }] });
    const rows = sectionOf(shown, "What fired").find((block) => block.kind === "table")?.rows ?? [];
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ["where", "image", "vulnerability"],
      ["ran", "`api:2`", "`CVE-1`"],
      ["ran", "`api:2`", "`CVE-2`"],
      ["where the way back leads", "`api:1`", "`CVE-2`"],
    ]);
    expect(rows[1]?.slice(3)).toEqual([
      "critical, openssl 3.0.11-1, fixed in 3.0.14-1",
      String.raw`VulnerabilityReport a\|b`,
    ]);
  });

  it("what a script runs has no kubectl commands", () => {
    const markdown = report(decision("d1", { target: "script/api" }));
    expect(markdown).not.toContain("kubectl");
  });

  it.each([
    [
      "shop/api+worker",
      "api:7,worker:4",
      "api:6,worker:4",
      [
        "kubectl -n shop rollout history deployment/api --revision=7",
        "kubectl -n shop rollout history deployment/worker --revision=4",
        "kubectl -n shop describe deployment/worker",
      ],
    ],
    ["shop/statefulset/db", "7", "6", ["kubectl -n shop rollout history statefulset/db --revision=6"]],
    ["shop/service/web", "green:7", "blue:6", ["kubectl -n shop describe service/web"]],
  ])("%s: its commands are of what it is in the cluster", (target, from, to, expected) => {
    const revisions = { from: { revision: from, digest: "d7" }, to: { revision: to, digest: "d6" } };
    const markdown = report({ ...decision("d1", { target }), ...revisions });
    const commands = sectionOf(markdown, "Look further").find((block) => block.kind === "code");
    expect(commands?.lines).toEqual(expect.arrayContaining(expected));
  });

  it("who else had a say: a veto, a GitOps tool, the precheck with what it printed", () => {
    const detail = 'its unless is 1 now: up{job="db"} == 0';
    const markdown = report({
      ...decision("d1", { decision: "hold", reason: "vetoed" }),
      veto: { expr: "up", value: 1, detail },
      owners: [{ tool: "argocd", name: "shop", seenIn: "label argocd.argoproj.io/instance" }],
      output: "a migration ran",
    });
    const said = sectionOf(markdown, "Who else had a say");
    expect(said).toMatchObject([
      { kind: "text", text: `- Veto: ${detail}` },
      { kind: "text", text: expect.stringContaining("Argo CD application shop has a say") },
      { kind: "text" },
      { kind: "code", lines: ["a migration ran"] },
    ]);
    expect(report(decision("d1"))).not.toContain("Who else had a say");
  });

  it("a trigger that came and went all day leaves the story readable", () => {
    const flapping = Array.from({ length: 500 }, (_, index) =>
      trigger(index % 2 === 0 ? "pending" : "resolved"),
    );
    const markdown = report(
      observed,
      ...flapping,
      decision("d1"),
      started("d1"),
      applied("d1"),
      verified("d1"),
    );
    const timeline = sectionOf(markdown, "Timeline").find((block) => block.kind === "table");
    expect(timeline?.rows).toHaveLength(151);
    expect(timeline?.rows[1]?.[2]).toBe("release.observed");
    expect(markdown).toContain("355 more, of triggers that came and went, are left out");
  });
});
