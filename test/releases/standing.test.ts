import { describe, expect, test } from "vitest";
import { isProven, type Proof } from "../../src/releases/standing.ts";
import { HOUR, MINUTE, release, revision, TEN } from "../support/model.ts";

const seen = (changes: Partial<Proof> = {}): Proof => ({
  known: 240,
  total: 240,
  lastFiringAt: undefined,
  ...changes,
});
const proven = (proofs: readonly Proof[], at = TEN + HOUR, live = release()) =>
  isProven(live, proofs, HOUR, at);

describe("a revision is good", () => {
  test("after an hour, seen and quiet", () => {
    expect(proven([seen()])).toBe(true);
    expect(proven([seen()], TEN + HOUR - 1)).toBe(false);
  });

  test("only if at least 80 % of the slots of each trigger were known", () => {
    expect(proven([seen({ known: 192 })])).toBe(true);
    expect(proven([seen(), seen({ known: 191 })])).toBe(false);
    expect(proven([seen({ known: 0, total: 0 })])).toBe(false);
    expect(proven([])).toBe(false);
  });

  test("only if nothing fired for that long", () => {
    expect(proven([seen({ lastFiringAt: TEN + MINUTE })])).toBe(false);
    expect(proven([seen({ lastFiringAt: TEN + MINUTE })], TEN + HOUR + MINUTE)).toBe(true);
  });

  test("never while it is quarantined, or before its clock began", () => {
    const quarantined = release({ revision: revision("2", { standing: "quarantined" }) });
    expect(proven([seen()], TEN + HOUR, quarantined)).toBe(false);
    expect(proven([seen()], TEN + HOUR, release({ clockAt: undefined }))).toBe(false);
  });
});
