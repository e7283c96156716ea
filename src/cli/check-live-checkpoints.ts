import { fillSpan } from "../rules/build-checkpoints.ts";
import { complainTo } from "../rules/complain.ts";
import type { Path } from "../rules/document.ts";
import type { Problem } from "../rules/problem.ts";
import { readPromql } from "../rules/promql.ts";
import type { RulesReading } from "../rules/reading.ts";
import type { WrittenCheck, WrittenPolicy } from "../rules/schema.ts";
import { hasMetric, type LiveSource } from "./live-series.ts";

/** One expression of a check, with its span filled in, and where it is written. */
interface Query {
  readonly path: Path;
  readonly expr: string;
}

/**
 * What a live Prometheus says of the expressions of checkpoints: one that it refuses, several series, a metric that
 * nobody exports. `unanswered` says why it could not be asked. Never throws.
 */
export async function checkLiveCheckpoints(
  { document, policies }: RulesReading,
  source: LiveSource,
): Promise<{ readonly problems: readonly Problem[]; readonly unanswered: string | undefined }> {
  const problems: Problem[] = [];
  // Rules with problems of their own have no policies, and are looked at again once these are mended.
  if (document === undefined || policies.length === 0) return { problems, unanswered: undefined };
  const complain = complainTo(document, problems);
  for (const { path, expr } of queriesOf(document.toData())) {
    const answer = await source.query(expr, source.at);
    if (!answer.ok && (answer.reason === "unreachable" || answer.reason === "query-failed")) {
      const unanswered = `${answer.endpoint} gave no answer (${answer.detail}). Check the address and that it is up.`;
      return { problems, unanswered };
    }
    const finding = answer.ok ? await findingOf(expr, answer.series.length, source) : refused(answer);
    if (finding !== undefined) complain(path, finding.rule, finding.message, finding.severity);
  }
  return { problems: oncePerPlace(problems), unanswered: undefined };
}

function queriesOf(rules: unknown): readonly Query[] {
  const { policies } = rules as { readonly policies: readonly Partial<WrittenPolicy>[] };
  return policies.flatMap(({ checkpoints = [] }, policy) =>
    checkpoints.flatMap(({ at, checks }, checkpoint) =>
      checks.flatMap((check, index) =>
        written(check).map(([key, expr]) => ({
          path: ["policies", policy, "checkpoints", checkpoint, "checks", index, ...key],
          expr: fillSpan(expr, at),
        })),
      ),
    ),
  );
}

/** Of a share only what it is a share of: what is counted may not have been seen yet, and means zero then. */
function written({ expr, ratio }: WrittenCheck): readonly (readonly [readonly string[], string])[] {
  if (ratio !== undefined) return [[["ratio", "total"], ratio.total]];
  return expr === undefined ? [] : [[["expr"], expr]];
}

type Finding = Pick<Problem, "rule" | "message" | "severity">;

async function findingOf(expr: string, series: number, source: LiveSource): Promise<Finding | undefined> {
  if (series === 1) return undefined;
  if (series > 1) {
    const message = `This gives ${series} series, and a check needs one number. Put \`sum(…)\` or \`max(…)\` around it.`;
    return { rule: "many-series", severity: "error", message };
  }
  for (const { metric } of readPromql(expr).selectors) {
    if (metric !== "" && !(await hasMetric(metric, source))) {
      const message = `No series is named \`${metric}\` there now, so this check would be unknown. Put the name that your service uses.`;
      return { rule: "no-data", severity: "warning", message };
    }
  }
  const message =
    "This gives no data now, so this check would be unknown. The metrics exist: check the labels.";
  return { rule: "no-data", severity: "warning", message };
}

function refused({
  reason,
  endpoint,
  detail,
}: {
  reason: string;
  endpoint: string;
  detail: string;
}): Finding {
  const message = `${endpoint}: ${detail}.`;
  return reason === "query-rejected"
    ? { rule: "promql", severity: "error", message }
    : { rule: "no-data", severity: "warning", message };
}

/** A list of checks that several checkpoints share is written once. */
function oncePerPlace(problems: readonly Problem[]): readonly Problem[] {
  const places = new Set<string>();
  return problems.filter(({ line, column, rule }) => {
    const place = `${line}:${column} ${rule}`;
    return !places.has(place) && places.add(place);
  });
}
