/*
 * Writes docs/mission.md: which tests prove each line of what the product is for (mission-lines.ts). Run it after tests
 * were added, moved or renamed: node scripts/write-mission.ts
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MISSION, type MissionLine, type Proof } from "./mission-lines.ts";

const ROOT = join(import.meta.dirname, "..");
export const MISSION_FILE = join(ROOT, "docs/mission.md");

/** Proofs that name no test, as sentences; none when all is well. */
export function missingProofs(): readonly string[] {
  const named = MISSION.flatMap(({ lines }) => lines.flatMap(({ proofs }) => proofs));
  return [
    ...new Set(
      named.filter((proof) => !exists(proof)).map(([file, name]) => `test/${file} has no "${name}"`),
    ),
  ];
}

/** The name of a test stands in quotes. */
function exists([file, name]: Proof): boolean {
  try {
    const text = readFileSync(join(ROOT, "test", file), "utf8");
    return ['"', "`", "'"].some((quote) => text.includes(`${quote}${name}`));
  } catch {
    return false;
  }
}

export function renderMission(): string {
  const tables = MISSION.map(({ part, lines }) => {
    const rows = lines.map((line) => `| ${line.line} | ${provenBy(line)} |`).join("\n");
    return `## ${part}\n\n| | proven by |\n|---|---|\n${rows}\n`;
  });
  return [
    "# The mission, and what proves it",
    "",
    "What rollbackd is for, line by line, and the tests that would fail if it did not hold; those named `.cluster` run",
    "against a real Kubernetes control plane, those of `e2e` against the whole program. Written by",
    "`node scripts/write-mission.ts`; a test sees to it that each test named here exists.",
    "",
    ...tables,
  ].join("\n");
}

function provenBy({ proofs }: MissionLine): string {
  if (proofs.length === 0) return "not proven yet";
  return proofs
    .map(([file, name]) => `[${file.replace(/\.test\.ts$/u, "")}](../test/${file}): ${name}`)
    .join("<br>");
}

if (import.meta.main) {
  await writeFile(MISSION_FILE, renderMission());
  execFileSync("oxfmt", [MISSION_FILE], { stdio: "inherit" });
}
