import { describe, expect, test } from "vitest";
import { chooseTarget, isProven, type Proof } from "../../src/releases/standing.ts";
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
    expect(proven([seen(), seen({ lastFiringAt: TEN + MINUTE })])).toBe(false);
  });

  test("never while it is quarantined, or before its clock began", () => {
    const quarantined = release({ revision: revision("2", { standing: "quarantined" }) });
    expect(proven([seen()], TEN + HOUR, quarantined)).toBe(false);
    expect(proven([seen()], TEN + HOUR, release({ clockAt: undefined }))).toBe(false);
  });
});

describe("a rollback goes", () => {
  const good = (name: string) => revision(name, { standing: "good" });
  const live = release({ revision: revision("4"), previous: revision("3") });
  test.each([
    ["to the newest good one", live, [revision("3"), good("2"), good("1")], "2"],
    ["not to what runs, however good", live, [good("4"), good("1")], "1"],
    ["else to the immediate predecessor", live, [revision("3"), revision("2")], "3"],
    ["and to nothing older than that", live, [revision("2")], undefined],
    [
      "nowhere while the predecessor is not known",
      release({ previous: undefined }),
      [revision("1")],
      undefined,
    ],
    ["not to a quarantined one", live, [revision("3", { standing: "quarantined" })], undefined],
    ["nowhere from what was put back", release({ cause: "rollback" }), [good("1")], undefined],
  ])("%s", (_, current, earlier, name) => {
    expect(chooseTarget(current, earlier, false)?.name).toBe(name);
  });

  test("not to a predecessor that was breaching itself, unless it is good", () => {
    expect(chooseTarget(live, [revision("3")], true)).toBeUndefined();
    expect(chooseTarget(live, [good("3")], true)?.name).toBe("3");
  });
});
