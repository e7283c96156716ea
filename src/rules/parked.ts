import { clashesOf, place } from "./across-files.ts";
import type { Problem } from "./problem.ts";
import type { RulesReading } from "./reading.ts";

/**
 * The files of a folder without the parked ones, and a warning for each of those. Earlier versions did not read
 * `*.yml`, so people set rules aside under that ending. Such a copy must not keep the rules in force from loading.
 */
export function withoutParked(readings: readonly RulesReading[]): {
  readonly readings: readonly RulesReading[];
  readonly warnings: readonly Problem[];
} {
  // Policies of `*.yaml` come first, so a clash is always told of the `*.yml`.
  const inOrder = [...readings.filter((each) => !isYml(each)), ...readings.filter(isYml)];
  const warnings = new Map<string, Problem>();
  for (const { first, second, by, key } of clashesOf(inOrder)) {
    if (!isYml(second) || isYml(first) || warnings.has(second.file)) continue;
    const why = by === "name" ? `has a policy \`${key}\`, too` : `already acts on ${key}`;
    warnings.set(second.file, {
      file: second.file,
      ...(by === "name" ? second.nameAt : second.targetAt),
      severity: "warning",
      rule: by === "name" ? "duplicate-name" : "target",
      message:
        `${place(first)} ${why}, so nothing of ${second.file} is in force. ` +
        `Delete ${second.file}, or rename it to end in \`.off\`.`,
    });
  }
  return {
    readings: readings.filter(({ file }) => !warnings.has(file)),
    warnings: [...warnings.values()],
  };
}

function isYml({ file }: Pick<RulesReading, "file">): boolean {
  return file.endsWith(".yml");
}
