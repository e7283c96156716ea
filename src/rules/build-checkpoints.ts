import type { Check, Checkpoint, CommandSpec, Criterion, MetricQuery, ProbeSpec, Versus } from "./policy.ts";
import type { WrittenCheck, WrittenPolicy } from "./schema.ts";
import { durationMs, parseThreshold } from "./units.ts";

interface Builders {
  readonly buildProbe: (written: NonNullable<WrittenCheck["probe"]>) => ProbeSpec;
  readonly buildCommand: (written: NonNullable<WrittenCheck["command"]>) => CommandSpec;
}

/** In the order of time, whatever the order in the file. */
export function buildCheckpoints(
  written: WrittenPolicy["checkpoints"],
  builders: Builders,
): readonly Checkpoint[] {
  return written
    .map(({ at, checks }) => ({
      at,
      atMs: durationMs(at),
      checks: checks.map((check) => buildCheck(check, at, builders)),
    }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** `$span` in an expression is the time from the clock of the release to the checkpoint. */
export function fillSpan(expr: string, at: string): string {
  return expr.replaceAll("$span", at).trim();
}

function buildCheck(written: WrittenCheck, at: string, builders: Builders): Check {
  const { name, probe, command, alerts } = written;
  if (probe !== undefined) return { kind: "probe", name, probe: builders.buildProbe(probe) };
  if (command !== undefined) return { kind: "command", name, command: builders.buildCommand(command) };
  if (alerts !== undefined) {
    const must = { is: "atMost", value: 0, text: "0" } as const;
    const query = { kind: "expr", expr: alertsExpr(alerts) } as const;
    return { kind: "metric", name, query, must, versus: undefined };
  }
  return {
    kind: "metric",
    name,
    query: buildQuery(written, at),
    must: buildCriterion(written.must),
    versus: buildVersus(written.versusBefore),
  };
}

/** Prometheus has no series where nothing fires; that it answers at all is what makes it zero. */
function alertsExpr(labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries({ alertstate: "firing", ...labels }).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  return `count(ALERTS{${matchers.join(",")}}) or vector(0)`;
}

function buildQuery({ ratio, expr = "", minTotal }: WrittenCheck, at: string): MetricQuery {
  return ratio === undefined
    ? { kind: "expr", expr: fillSpan(expr, at) }
    : { kind: "ratio", errors: fillSpan(ratio.errors, at), total: fillSpan(ratio.total, at), minTotal };
}

function buildCriterion(written: WrittenCheck["must"]): Criterion | undefined {
  for (const is of ["above", "below", "atLeast", "atMost"] as const) {
    const text = written?.[is];
    if (text !== undefined) return { is, value: parseThreshold(text).value, text: String(text) };
  }
  return undefined;
}

function buildVersus(written: WrittenCheck["versusBefore"]): Versus | undefined {
  const text = written?.mayRise ?? written?.mayFall;
  if (text === undefined) return undefined;
  const { value, unit } = parseThreshold(text);
  return {
    may: written?.mayRise === undefined ? "fall" : "rise",
    of: unit === "percent" ? "share" : "amount",
    by: value,
    text: String(text),
  };
}
