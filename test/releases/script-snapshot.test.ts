import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isComplete, observe, type VersionTrail } from "../../src/releases/script-snapshot.ts";

/** One slot a word, slot 0 first: "1" version 1 alone, "1+2" both, "-" nobody could tell. */
function watch(picture: string, before?: VersionTrail): VersionTrail | undefined {
  return picture.split(" ").reduce<VersionTrail | undefined>((trail, word, at) => {
    return observe(trail, { at, versions: word === "-" ? [] : word.split("+") });
  }, before);
}

function told(trail: VersionTrail | undefined): string {
  if (trail === undefined) return "nothing";
  if (trail.current === undefined) return "undecided";
  const { version, startedAt } = trail.current;
  const previous = trail.earlier[0]?.version ?? "none";
  return `${version} since ${startedAt} after ${previous}, ${isComplete(trail) ? "complete" : "rolling"}`;
}

interface Step {
  readonly slots: readonly (readonly string[])[];
  readonly at: number;
  readonly seen: readonly string[];
  readonly before: VersionTrail | undefined;
  readonly after: VersionTrail | undefined;
}

const began = ({ before, after }: Step): boolean => after?.current?.version !== before?.current?.version;

/** What holds at every slot of every history. */
const RULES: Readonly<Record<string, (step: Step) => boolean>> = {
  "nothing seen changes nothing": ({ seen, before, after }) => seen.length > 0 || after === before,
  "what runs alone is current and complete": ({ seen, after }) =>
    seen.length !== 1 || (after !== undefined && after.current?.version === seen[0] && isComplete(after)),
  "it ran at its start": ({ slots, after }) =>
    after?.current === undefined || slots[after.current.startedAt]?.includes(after.current.version) === true,
  "what begins, begins now": (step) =>
    !began(step) || step.before?.current === undefined || step.after?.current?.startedAt === step.at,
  "what goes on keeps its start": (step) =>
    began(step) || step.after?.current?.startedAt === step.before?.current?.startedAt,
  "nothing replaces itself": ({ after }) =>
    after?.current === undefined || after.current.version !== after.earlier[0]?.version,
};

describe("the versions of a script target", () => {
  test("are remembered, but not without end", () => {
    const trail = watch(Array.from({ length: 60 }, (_, index) => String(index)).join(" "));
    expect(trail?.earlier).toHaveLength(50);
    expect(trail?.earlier.at(-1)?.version).toBe("9");
  });

  test.each([
    ["nothing was ever seen", "- - -", "nothing"],
    ["one version", "1 1 1", "1 since 0 after none, complete"],
    ["seen late", "- - 1 1", "1 since 2 after none, complete"],
    ["a release at once", "1 1 2 2", "2 since 2 after 1, complete"],
    ["a rolling release begins when the new version appears", "1 1+2", "2 since 1 after 1, rolling"],
    ["in whatever order they are listed", "1 2+1", "2 since 1 after 1, rolling"],
    ["and is complete when the old one is gone", "1 1+2 1+2 2", "2 since 1 after 1, complete"],
    ["no data changes nothing", "1 2 - - -", "2 since 1 after 1, complete"],
    ["a change during no data is dated when it is seen", "1 - - 2", "2 since 3 after 1, complete"],
    ["a straggler is no release", "1 1+2 2 1+2 2", "2 since 1 after 1, complete"],
    ["back to the old one", "1 2 1", "1 since 2 after 2, complete"],
    ["rolling back counts once the newer one is gone", "1 2 1+2 1+2 1", "1 since 4 after 2, complete"],
    ["and not before", "1 2 1+2 1+2", "2 since 1 after 1, rolling"],
    ["a fix on top of a bad release", "1 1+2 1+2+3 3", "3 since 2 after 2, complete"],
    ["a fix, then back: to the newest of those left", "1 2 3 1+2", "2 since 3 after 3, rolling"],
    ["of two new ones the higher is the newest", "1 10+9 9+10", "10 since 1 after 1, rolling"],
    ["two from the first slot on: nobody can tell", "1+2 1+2", "undecided"],
    ["until one of them is gone", "1+2 1+2 2 2", "2 since 0 after 1, complete"],
    ["whichever it is", "1+2 1", "1 since 0 after 2, complete"],
    ["or a third comes", "1+2 1+2+3 3", "3 since 1 after 2, complete"],
    ["of three, one goes", "1+2+3 1+2", "undecided"],
  ])("%s: %s", (_, picture, expected) => {
    expect(told(watch(picture))).toBe(expected);
  });

  const slot = fc.subarray(["1", "2", "3", "4"]);

  test.each(Object.keys(RULES))("whatever was seen, %s", (rule) => {
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 12 }), (slots) => {
        let trail: VersionTrail | undefined;
        for (const [at, seen] of slots.entries()) {
          const before = trail;
          trail = observe(before, { at, versions: seen });
          expect(RULES[rule]?.({ slots, at, seen, before, after: trail })).toBe(true);
        }
      }),
    );
  });

  test("a version that appears for the first time is a release at that slot", () => {
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 8 }), (slots) => {
        const trail = watch(["1", ...slots.map((versions) => versions.join("+") || "-")].join(" "));
        const next = observe(trail, { at: 99, versions: ["5", ...(trail?.present ?? [])] });
        expect(next?.current).toEqual({ version: "5", startedAt: 99 });
        expect(next?.earlier[0]).toEqual(trail?.current);
      }),
    );
  });
});
