import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { HOLD_REASONS } from "../../src/decisions/reason.ts";
import { FAILURE_REASONS } from "../../src/notifications/failure.ts";
import { reasonLine } from "../../src/notifications/reason-line.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../docs/reasons.md"), "utf8");
const [, ...parts] = text.split(/^## /mu);
const sections = new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")), part] as const));
const reasons = [...new Set<string>([...HOLD_REASONS, ...FAILURE_REASONS])];

describe("docs/reasons.md", () => {
  it("has one section for each reason not to act and each failure, and none for anything else", () => {
    expect([...sections.keys()].toSorted()).toEqual(reasons.toSorted());
    expect(parts).toHaveLength(sections.size);
  });

  it.each(reasons)("says of %s what it means, what to check, and a command", (reason) => {
    expect(sections.get(reason)).toMatch(/^\S+\n\n\S.*\n\n\*\*Check:\*\* \S[\s\S]*\n\n```\n\S.*\n```/u);
  });

  it.each(reasons)("has the anchor that messages name for %s", (reason) => {
    const [, anchor = ""] = /#(\S+)$/u.exec(reasonLine(reason)) ?? [];
    expect(sections.has(anchor)).toBe(true);
  });

  it("is not named for a reason that only a later version knows", () => {
    expect(reasonLine("of-a-later-version")).toBe("");
  });
});
