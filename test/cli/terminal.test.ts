import * as fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { renderProblems } from "../../src/cli/check-text.ts";
import { recordText } from "../../src/cli/log-record.ts";
import { decisionText } from "../../src/cli/log-show.ts";
import { row } from "../../src/cli/log-text.ts";
import { planText } from "../../src/cli/plan-text.ts";
import { statusText } from "../../src/cli/status-text.ts";
import { terminalText } from "../../src/cli/terminal.ts";
import type { DecisionRecord, LogRecord } from "../../src/log/record.ts";
import { RECORDS } from "../messages/records.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { hostileText, RAW_CONTROL } from "../support/hostile.ts";
import { hostileIn } from "../support/hostile-in.ts";

const ALL: readonly LogRecord[] = recordsOf(Object.values(RECORDS).flat());
const PLAIN = { color: false, columns: 120, isTty: false, now: () => 0 };
const COLOURED = { ...PLAIN, color: true, isTty: true };

/** Shown to a terminal with colours and to one without: both must show the same. */
function both(render: (io: typeof PLAIN) => string): string {
  const plain = render(PLAIN);
  const coloured = render({ ...COLOURED, isTty: false });
  expect(stripVTControlCharacters(terminalText(coloured, true))).toBe(terminalText(plain, false));
  return plain;
}

describe("text from outside, on a terminal", () => {
  test("leaves nothing that a terminal obeys in the line of any record", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL), hostileText, (record, text) => {
        const shown = both((io) => row(hostileIn(record, text), 8, io));
        expect(shown).not.toMatch(RAW_CONTROL);
        expect(shown).not.toContain("\n");
      }),
    );
  });

  test("leaves nothing in a record or decision that is shown whole, and forges no line of it", () => {
    const lines = (text: string): number => text.split("\n").length;
    fc.assert(
      fc.property(fc.constantFrom(...ALL), hostileText, (record, text) => {
        expect(both((io) => recordText(hostileIn(record, text), io))).not.toMatch(RAW_CONTROL);
        if (record.type !== "decision.made") return;
        const wide = { ...PLAIN, columns: 10_000 };
        const decision = hostileIn<DecisionRecord & LogRecord>(record, text);
        const shown = decisionText(decision, [decision], wide);
        expect(shown).not.toMatch(RAW_CONTROL);
        expect(lines(shown)).toBe(lines(decisionText(record, [record], wide)));
      }),
    );
  });

  test("leaves nothing in the status of a policy, a plan, or a problem with its line", () => {
    const trigger = {
      trigger: "error-rate",
      kind: "metric" as const,
      state: "unknown" as const,
      at: "2026-01-01T00:00:00.000Z",
      threshold: "above 5%",
      reason: "x",
      window: { size: 1, known: 0, breaching: 0 },
    };
    fc.assert(
      fc.property(hostileText, (text) => {
        const policy = hostileIn(
          { name: "x", mode: "enforce", target: "x", sight: "blind", since: "x", reason: "x", unseen: "x" },
          text,
        );
        const status = {
          ...policy,
          sight: { since: text, reason: text },
          triggers: [hostileIn(trigger, text)],
        };
        const side = { revision: text, standing: "good" as const, images: { [text]: text } };
        const plan = {
          policy: text,
          target: text,
          release: text,
          from: side,
          to: side,
          diff: [text],
          warnings: [text],
        };
        const problem = {
          file: text,
          line: 1,
          column: 1,
          severity: "error" as const,
          rule: "x",
          message: text,
        };
        for (const shown of [
          both((io) => statusText(status as never, io)),
          both((io) => planText(plan as never, io)),
          terminalText(renderProblems([problem as never], new Map([[text, text]]), PLAIN), false),
        ])
          expect(shown).not.toMatch(RAW_CONTROL);
      }),
    );
  });

  test("keeps the lines of what a script printed, and nothing that goes back in them", () => {
    const [made] = recordsOf(RECORDS["decision.made"]);
    const [applied] = recordsOf(RECORDS["rollback.applied"]);
    const records = [made, { ...applied, seq: 2, output: "one\u001B[2J\r\ntwo\r\u202Ethree" }] as LogRecord[];
    const shown = decisionText(made as DecisionRecord & LogRecord, records, PLAIN);
    expect(shown).toContain(String.raw`| one\u001b[2J`);
    expect(shown).toContain(String.raw`| two\u000d\u202ethree`);
  });

  test("is written as text even where nobody cleaned it before", () => {
    expect(terminalText("\u001B[2Jx\u001B[31mred\u001B[39m\n\u009B1m", true)).toBe(
      "\\u001b[2Jx\u001B[31mred\u001B[39m\n\\u009b1m",
    );
    expect(terminalText("\u001B[31mred", false)).toBe(String.raw`\u001b[31mred`);
  });
});
