/*
 * Writes docs/traps.md: which test holds each of the numbered traps. A test belongs to a trap when its name says so
 * ("trap 13: …"). Run it after tests were added or renamed: node scripts/write-traps.ts
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");
export const TRAPS_FILE = join(ROOT, "docs/traps.md");

/** What goes wrong, in a few words. */
const TRAPS: readonly string[] = [
  "a gap in the data looks like a breach",
  "a restart forgets how long a breach has lasted",
  "an outage of Prometheus counts for or against the release",
  "no number, no series, an error: read as a value",
  "a share of errors without errors, or without traffic",
  "a release into an incident is blamed for it",
  "what was measured before a rollback causes another",
  "one failed probe is counted twice, or the prober's own trouble at all",
  "the edges: exactly the threshold, one slot short, one healthy slot",
  "the clock jumps",
  "an edited rule acts on the past; a broken file ends the watch",
  "two replicas of Prometheus take turns in one window",
  "answers that are neither good nor clear errors",
  "a threshold above the last bucket of the histogram",
  "milliseconds against seconds",
  "several series where one is meant",
  "samples that arrive late",
  "a query slower than its interval",
  "blind, and nobody knows",
  "a crash between any two steps of a rollback",
  "somebody ships a fix between decision and act",
  "what was put back is bad, too",
  "undoing twice brings the bad revision back",
  "Kubernetes refuses, lacks or delays what an act needs",
  "half of a group is rolled back",
  "traffic is switched to a colour that is not ready",
  "the rollback script misbehaves",
  "GitOps puts the bad version back",
  "two daemons act at once",
  "many targets fire at once for a shared reason",
  "Slack says wait, or says no with a 200",
  "a page is lost or doubled by a crash",
  "a message is too long for its channel",
  "a secret shows somewhere",
  "the log is torn, altered or cut off",
  "the disk is full",
  "a million records",
  "the new pods never become ready",
  "the release cannot be undone",
  "the log's disk is lost",
  "a restart of the pods looks like a release",
  "the number of replicas changes during a rollback",
  "code is rolled back, data is not",
];

/** Test files by the traps that names of their tests mention; paths from the root. */
export function testsByTrap(): ReadonlyMap<number, readonly string[]> {
  const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(ROOT, "test", file))
    .toSorted();
  const pairs = files.flatMap((file) =>
    trapsIn(readFileSync(file, "utf8")).map((trap) => [trap, relative(ROOT, file)] as const),
  );
  const byTrap = Map.groupBy(pairs, ([trap]) => trap);
  return new Map([...byTrap].map(([trap, found]) => [trap, found.map(([, file]) => file)]));
}

/** "trap 13", "traps 4, 5 and 16". */
function trapsIn(text: string): readonly number[] {
  const mentions = text.matchAll(/\btraps? (\d+(?:(?:, | and |, and )\d+)*)/gu);
  const numbers = [...mentions].flatMap(([, list = ""]) => list.match(/\d+/gu) ?? []).map(Number);
  return [...new Set(numbers)].filter((trap) => trap >= 1 && trap <= TRAPS.length);
}

export function renderTraps(): string {
  const tests = testsByTrap();
  const rows = TRAPS.map((what, index) => {
    const files = tests.get(index + 1) ?? [];
    const where = files.map((file) => `[${file.replace(/^test\//u, "")}](../${file})`).join(" · ");
    return `| ${index + 1} | ${what} | ${where === "" ? "not built yet" : where} |`;
  });
  return [
    "# Traps",
    "",
    "Ways in which an automatic rollback goes wrong, and the tests that keep them shut. The names of the tests carry the",
    "numbers. Written by `node scripts/write-traps.ts`; a test compares it with the tests as they are.",
    "",
    "| | what goes wrong | held by |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) {
  await writeFile(TRAPS_FILE, renderTraps());
  execFileSync("oxfmt", [TRAPS_FILE], { stdio: "inherit" });
}
