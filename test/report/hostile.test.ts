import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { DecisionRecord, LogRecord, RecordBody } from "../../src/log/record.ts";
import { reportDocument } from "../../src/report/document.ts";
import { code, plain } from "../../src/report/markdown.ts";
import { ROLLBACK } from "../messages/decided.ts";
import { RECORDS } from "../messages/records.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { evidence } from "../notifications/story.ts";
import { hostileIn } from "../support/hostile-in.ts";
import { hostileText, RAW_CONTROL } from "../support/hostile.ts";
import { type Block, parsed } from "./parsed.ts";

/** What of a line of Markdown a reader's program may still make something of: code, escapes and our own links taken out. */
function live(line: string): string {
  return line
    .replaceAll(/\\[!-/:-@[-`{-~]/gu, "x")
    .replaceAll(/`[^`]*`/gu, "x")
    .replaceAll(/\[[^[\]]*\]\(<https?:[^<>]*>\)/gu, "x");
}

const LIVE = /[<`[\]~*]|:\/\/|www\.|@|mailto:/iu;

test.each([
  ["plain", plain],
  ["code", code],
])("%s leaves no markup, link, mention or hidden character of a text from outside", (_, write) => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const line = write(text);
      expect(line).not.toMatch(RAW_CONTROL);
      expect(line).not.toContain("\n");
      expect(live(line)).not.toMatch(LIVE);
      expect(live(line)).not.toMatch(/^(#|>|[-+=]\s|\d+\.\s)/u);
    }),
  );
});

test("a report keeps its shape, and shows nothing raw, whatever the texts of its records hold", () => {
  const decision = {
    ...ROLLBACK,
    evidence: [{ ...evidence, limit: 0.05 }],
    runbook: "https://wiki.example/x",
  };
  const others: readonly RecordBody[] = Object.values(RECORDS).flat();
  const all = recordsOf([...others.filter(({ type }) => type !== "decision.made"), decision]);
  const shapeOf = (records: readonly LogRecord[]) => {
    const made = records.at(-1) as DecisionRecord & LogRecord;
    const markdown = reportDocument({ decision: made, own: records, around: records }, (text) => text);
    return { markdown, blocks: parsed(markdown) };
  };
  // A list of links is there only where there is something to link to.
  const shape = (blocks: readonly Block[]) =>
    blocks.map(({ kind }) => kind).filter((kind) => kind !== "text");
  const calm = shape(shapeOf(all).blocks);
  fc.assert(
    fc.property(hostileText, (text) => {
      const { markdown, blocks } = shapeOf(all.map((record) => hostileIn(record, text)));
      expect(markdown).not.toMatch(RAW_CONTROL);
      expect(shape(blocks)).toEqual(calm);
      for (const block of blocks) {
        const lines = block.kind === "table" ? block.rows.flat() : block.kind === "code" ? [] : [block.text];
        // What is bold is so by the report itself.
        for (const line of lines.map((each) => each.replaceAll("**", "")))
          expect(live(line), line).not.toMatch(LIVE);
      }
    }),
    { numRuns: 60 },
  );
});
