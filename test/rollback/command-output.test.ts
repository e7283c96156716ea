import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundedOutput } from "../../src/rollback/command-output.ts";

function kept(chunks: readonly (string | Buffer)[], keep: number, secrets: readonly string[] = []): string {
  const output = boundedOutput(keep);
  for (const chunk of chunks) output.push(Buffer.from(chunk as string));
  return output.text(secrets);
}

/** Written down the slow way: all of it in one string, then cut. */
function oracle(text: string, keep: number): string {
  if (text.length <= 2 * keep) return text;
  return `${text.slice(0, keep)}\n… ${text.length - 2 * keep} bytes left out …\n${text.slice(-keep)}`;
}

describe("bounded output", () => {
  test("is the beginning and the end, however it comes in", () => {
    const chunk = fc.stringMatching(/^[a-z ]{0,40}$/);
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), fc.integer({ min: 1, max: 30 }), (chunks, keep) => {
        expect(kept(chunks, keep)).toBe(oracle(chunks.join(""), keep));
      }),
    );
  });

  test("a character that the cut goes through is left out, not broken", () => {
    const word = fc.constantFrom("a", "é", "€", "🚀");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.integer({ min: 4, max: 30 }), (words, keep) => {
        expect(kept([words.join("")], keep)).not.toContain("\uFFFD");
      }),
    );
  });

  test("bytes that are no text do no harm", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.integer({ min: 1, max: 20 }), (chunks, keep) => {
        expect(
          kept(
            chunks.map((bytes) => Buffer.from(bytes)),
            keep,
          ),
        ).toBeTypeOf("string");
      }),
    );
  });

  test("cannot move the reader's cursor or colour the terminal", () => {
    expect(kept(["\u001B[31mred\u001B[0m\r\n50%\r100%\u0007\u0000\n"], 100)).toBe("red\n50%\n100%\n");
  });

  test("trap 34: no part of a secret survives next to the cut", () => {
    const secret = "t0p-s3cr3t";
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (before, after) => {
        const text = kept([`${".".repeat(before)}${secret}${".".repeat(after)}`], 12, [secret]);
        const printed = text.replace(/\n… \d+ bytes left out …\n/, "|").replaceAll("[secret]", "");
        expect(printed).toMatch(/^[.|]*$/);
      }),
    );
  });
});
