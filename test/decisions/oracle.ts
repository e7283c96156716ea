import type { MetricTrigger } from "../../src/rules/policy.ts";

/**
 * The rules of evaluation said a second time, slowly and without any memory: every answer is computed from the
 * whole series. Slots are numbered 0, 1, 2 … and marked `!` breaching, `.` healthy, `?` unknown.
 */
export interface World {
  readonly marks: readonly string[];
  readonly intervalMs: number;
  readonly trigger: MetricTrigger;
  /** Slot 0, epoch ms. */
  readonly origin: number;
}

export function oracleState(world: World, slot: number): string {
  const mark = world.marks[slot];
  if (mark === "?") return "unknown";
  if (mark === ".") return "inactive";
  return oracleQualifies(world, slot) ? "firing" : "pending";
}

function oracleQualifies({ marks, intervalMs, trigger }: World, slot: number): boolean {
  let size = 1;
  while ((size - 1) * intervalMs < trigger.forMs) size += 1;
  const window = Array.from({ length: size }, (_, back) => marks[slot - back] ?? "?");
  const known = window.filter((mark) => mark !== "?");
  const longestGap = Math.max(
    ...window
      .join("")
      .split(/[.!]/)
      .map((run) => run.length),
  );
  return (
    window[0] === "!" &&
    window[size - 1] === "!" &&
    window.length - known.length <= (1 - trigger.minCoverage) * size + 1e-9 &&
    known.filter((mark) => mark === "!").length >= trigger.breachRatio * known.length - 1e-9 &&
    longestGap * intervalMs <= trigger.maxGapMs
  );
}

export interface Shipped {
  readonly startedAt: number;
  readonly clockAt: number | undefined;
}

const HOUR = 3_600_000;

/** Does every slot of the window ending at `slot` count against the release, and if not, why not? */
export function oracleBlame(world: World, shipped: Shipped, slot: number): string {
  const { marks, intervalMs, trigger, origin } = world;
  const at = (index: number): number => origin + index * intervalMs;
  const size = Math.ceil(trigger.forMs / intervalMs) + 1;
  const known = marks
    .map((mark, index) => ({ mark, index }))
    .filter(({ mark, index }) => mark !== "?" && index <= slot);
  const healthySince = known.some(({ mark, index }) => mark === "." && at(index) >= shipped.startedAt);
  const before = oracleBefore(world, shipped, known);
  if (before === "breaching" && !healthySince) return "breach-predates-release";
  const counts = (index: number): boolean =>
    before === "healthy"
      ? at(index) >= shipped.startedAt
      : shipped.clockAt !== undefined && at(index) >= shipped.clockAt + trigger.rangeMs;
  for (let index = slot - size + 1; index <= slot; index += 1) {
    if (!counts(index)) return "window-before-release";
  }
  return "blamed";
}

/** What the last known slot before the release says of its start, given its age. */
function oracleBefore(
  world: World,
  { startedAt }: Shipped,
  known: readonly { readonly mark: string; readonly index: number }[],
): "healthy" | "breaching" | "unknown" {
  const { intervalMs, trigger, origin } = world;
  const size = Math.ceil(trigger.forMs / intervalMs) + 1;
  const b = known.findLast(({ index }) => origin + index * intervalMs < startedAt);
  if (b === undefined) return "unknown";
  const age = startedAt - (origin + b.index * intervalMs);
  if (age > HOUR && age > size * intervalMs) return "unknown";
  const isRecent = age <= trigger.forMs || age <= 4 * intervalMs;
  if (b.mark === ".") return isRecent ? "healthy" : "unknown";
  return isRecent || oracleQualifies(world, b.index) ? "breaching" : "unknown";
}

/** The earliest slot at which it fires if every slot after `slot` breaches. */
export function oracleFiresAt(world: World, slot: number): number {
  const marks = world.marks.slice(0, slot + 1);
  for (let later = slot; ; later += 1, marks.push("!")) {
    if (oracleQualifies({ ...world, marks }, later)) return later;
  }
}
