import { beforeAll, describe, expect, test } from "vitest";
import { createScrub } from "../../src/telemetry/scrub.ts";
import { allMessages } from "./catalogue.ts";
import type { Shown } from "./shown.ts";

/** What tells a reader to do something, or that there is nothing to do: a command, or a sentence that begins with what to do. */
const NEXT_STEP = new RegExp(
  [
    String.raw`\b[Nn]ext:`,
    String.raw`\b(rollbackd|kubectl) [a-z-]+ `,
    "Nothing to do",
    "You will be told",
    String.raw`(^|[.:;,] |\n|and )(Approve|Ask|Add|Bring|Check|Configure|Decide|Did you mean|Find|Fix|Free|Give|Look|Make|Mend|Name|Raise|Report|Restart|Resume|Revert|Run|Send|Set|Ship|Shorten|Shut|Take|Try|look|Use|Wait|Write|[Ll]eave it out|wrap it|expected|handle it|Have|[Ff]ree space)\b`,
    String.raw`\bmust be\b|\bis none of\b|\bmust not be\b|\bcan only be\b|send the header|Allowed choices|still missing|This trigger needs|sufficiently indented`,
  ].join("|"),
  "u",
);

describe("every message that a person can see", () => {
  let all: readonly Shown[];
  const flaws = (wrong: (message: Shown) => boolean): readonly string[] =>
    all.filter(wrong).map(({ group, name, text }) => `${group}: ${name}: ${text}`);
  beforeAll(async () => {
    all = await allMessages();
  });

  test("is in the list, of every kind", () => {
    expect(all.length).toBeGreaterThan(200);
    expect(new Set(all.map(({ group }) => group)).size).toBe(11);
  });

  test("says what to do, unless nothing is left to be done", () => {
    expect(flaws(({ text, isNews }) => isNews !== true && !NEXT_STEP.test(text))).toEqual([]);
  });

  test("says something, in words: nothing that a program left behind", () => {
    expect(
      flaws(({ text }) => text.trim() === "" || /undefined|NaN|\[object|\bnull\b|\$\{/u.test(text)),
    ).toEqual([]);
  });

  test("has no sentence with two ends, and no gap where a word is missing", () => {
    expect(flaws(({ text }) => /[^.]\.\.(?:[^.]|$)|\.:|: \.|\S {2,}\S|\(\)| [,.;]/u.test(text))).toEqual([]);
  });

  test("trap 34: shows nothing that looks like a secret", () => {
    const scrub = createScrub([], Date.now);
    expect(flaws(({ text }) => scrub(text) !== text)).toEqual([]);
  });

  test("fits into what its channel takes as one block", () => {
    expect(flaws(({ text }) => text.split("\n").some((line) => line.length > 1_000))).toEqual([]);
  });
});
