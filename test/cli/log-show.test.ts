import { describe, expect, it } from "vitest";
import { decisionText } from "../../src/cli/log-show.ts";
import type { DecisionRecord, LogRecord } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { decision, failed, started } from "../notifications/story.ts";

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
    expect(shown("paused", 40)).toMatch(
      /\n {2}kubectl -n shop rollout undo deployment\/api --to-revision=6$/u,
    );
  });

  it("who was overtaken is told to ask; a reason that only a later version knows has a next step, too", () => {
    expect(shown("superseded")).toMatch(/changed by somebody else; if a trigger still fires, ask who/);
    expect(shown("unheard-of")).toMatch(/Look at shop\/api and restore it by hand/);
  });
});
