import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderTraps, testsByTrap, TRAPS_FILE } from "../../scripts/write-traps.ts";

/** Spaces are the formatter's. */
const cells = (text: string): string => text.replaceAll(/[ -]+/g, " ");

test("docs/traps.md names the tests as they are: run node scripts/write-traps.ts", () => {
  expect(cells(readFileSync(TRAPS_FILE, "utf8"))).toBe(cells(renderTraps()));
});

test("the traps of evaluating and deciding each have a test", () => {
  const tests = testsByTrap();
  const needed = [1, 2, 3, 4, 5, 6, 7, 9, 10, 15, 16, 17, 21, 22, 23, 30];
  expect(needed.filter((trap) => !tests.has(trap))).toEqual([]);
});
