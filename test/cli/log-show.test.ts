import { describe, expect, it } from "vitest";
import { decisionText } from "../../src/cli/log-show.ts";
import type { Evidence } from "../../src/decisions/decision.ts";
import type { DecisionRecord, LogRecord } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { decision, evidence, failed, started } from "../notifications/story.ts";

function shown(reason: string, columns = 10_000): string {
  const records = recordsOf([decision("d1"), started("d1"), failed("d1", reason)]);
  const text = decisionText(records[0] as DecisionRecord & LogRecord, records, { color: false, columns });
  return text.slice(text.indexOf("\nNext\n"));
}

/** The lines of the page that say how the target stands and what to do. */
function paged(reason: string): readonly string[] {
  const messages = recordsOf([decision("d1"), started("d1"), failed("d1", reason)]).map(createTeller());
  const lines = messages.at(-1)?.[0]?.lines ?? [];
  return lines.slice(1).map((line) => line.replace("rollbackd does not try again. Next: ", ""));
}

describe("log show says of a rollback that failed what the page says", () => {
  it.each(["paused", "rejected", "unreachable", "script-failed", "recovery-timeout"])("%s", (reason) => {
    expect(paged(reason).length).toBeGreaterThan(1);
    for (const line of paged(reason)) expect(shown(reason)).toContain(line);
  });

  it("its command stays in one line, however narrow the terminal", () => {
    expect(shown("rejected", 40)).toMatch(
      /\n {2}kubectl -n shop rollout undo deployment\/api --to-revision=6$/u,
    );
  });

  it("who was overtaken is told to ask; a reason that only a later version knows has a next step, too", () => {
    expect(shown("superseded")).toMatch(
      /changed by another person or tool; if a trigger still fires, ask who/,
    );
    expect(shown("unheard-of")).toMatch(/Look at shop\/api and restore it by hand/);
  });
});

describe("log show lists vulnerabilities", () => {
  const found = {
    id: "CVE-1",
    image: "api:2",
    severity: "critical",
    package: "openssl",
    installed: "3.0.11-1",
    reports: ["sent by token:ci"],
  } as const;
  const text = (lists: Partial<Evidence>): string => {
    const records = recordsOf([{ ...decision("d1"), evidence: [{ ...evidence, ...lists }] }]);
    return decisionText(records[0] as DecisionRecord & LogRecord, records, { color: false, columns: 10_000 });
  };

  it("of what ran and of the way back", () => {
    const shown = text({
      vulnerabilities: [found, { ...found, id: "CVE-2", fixed: "3.0.14-1" }],
      targetVulnerabilities: [],
    });
    expect(shown).toContain(
      [
        "  running    CVE-1 in api:2: critical, openssl 3.0.11-1, no fix known",
        "             CVE-2 in api:2: critical, openssl 3.0.11-1, fixed in 3.0.14-1",
        "  way back   none of these",
      ].join("\n"),
    );
  });

  it("only where a trigger looks for them", () => {
    expect(text({})).not.toMatch(/way back|running {4}/u);
  });
});

describe("log show says what changed", () => {
  const screen = { color: false, columns: 10_000 };
  const changed = [{ kind: "Secret", name: "db", at: "2025-12-31T23:58:12.000Z" }] as const;
  const context = {
    changes: ["- containers.api.image: api:1"],
    references: { since: "2025-12-31T00:00:00.000Z", looked: 1, changed },
    unseen: ["When ConfigMaps changed could not be seen."],
  };

  it("with the release and beside it, and what could not be seen", () => {
    const records = recordsOf([{ ...decision("d1"), context }]);
    const text = decisionText(records[0] as DecisionRecord & LogRecord, records, screen);
    expect(text).toMatch(
      /\nChanged\n {2}- containers\.api\.image: api:1\n {2}Changed lately and read by its pods: Secret db \(2025-12-31 23:58:12Z\)\. .*\n {2}When ConfigMaps changed could not be seen\.\n/u,
    );
  });

  it("nothing where nothing is on record", () => {
    const records = recordsOf([decision("d1")]);
    expect(decisionText(records[0] as DecisionRecord & LogRecord, records, screen)).not.toContain("Changed");
  });

  it("and the page says it, too: whoever is called looks there as well", () => {
    const tell = createTeller();
    const kinds = [{}, { decision: "escalate", reason: "cooldown" }] as const;
    for (const kind of kinds) {
      const [message] = recordsOf([{ ...decision("d1", kind), context }]).flatMap(tell);
      expect(message?.lines).toContain(
        "Changed lately and read by its pods: Secret db (2025-12-31 23:58:12Z). No rollback puts these back: look at them, too.",
      );
    }
  });
});
