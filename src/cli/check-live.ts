import { complainTo } from "../rules/complain.ts";
import type { Complain } from "../rules/complain.ts";
import type { Path, RulesDocument } from "../rules/document.ts";
import type { MetricTrigger } from "../rules/policy.ts";
import type { Problem } from "../rules/problem.ts";
import { readPromql } from "../rules/promql.ts";
import type { RulesReading } from "../rules/reading.ts";
import type { WrittenPolicy } from "../rules/schema.ts";
import type { InstantSeries } from "../signals/query.ts";
import { checkLiveCheckpoints } from "./check-live-checkpoints.ts";
import { hasMetric, type LiveSource, scrapeIntervalMs, topBucket } from "./live-series.ts";

/** A trigger or a veto. */
interface Subject {
  readonly document: RulesDocument;
  readonly queries: readonly Query[];
  readonly metric?: { readonly path: Path; readonly trigger: MetricTrigger };
}

/** One expression and where it is written. */
interface Query {
  readonly path: Path;
  readonly expr: string;
  /** Error series that do not exist mean zero, so their absence alone is no finding; a veto is mostly empty. */
  readonly mayBeEmpty: boolean;
  readonly mayBeMany: boolean;
}

/**
 * Compares sound rules with the series of a live Prometheus. `unanswered` says why it could not be asked; then what
 * was found until there is incomplete. Never throws.
 */
export async function checkLive(
  files: readonly RulesReading[],
  source: LiveSource,
): Promise<{ readonly problems: readonly Problem[]; readonly unanswered: string | undefined }> {
  const problems: Problem[] = [];
  for (const subject of files.flatMap(subjectsOf)) {
    const complain = complainTo(subject.document, problems);
    const unanswered = await checkSubject(subject, source, complain);
    if (unanswered !== undefined) {
      return { problems, unanswered };
    }
  }
  for (const file of files) {
    const found = await checkLiveCheckpoints(file, source);
    problems.push(...found.problems);
    if (found.unanswered !== undefined) return { problems, unanswered: found.unanswered };
  }
  return { problems, unanswered: undefined };
}

function subjectsOf({ document, policies, written }: RulesReading): readonly Subject[] {
  return document === undefined
    ? []
    : policies.flatMap(({ triggers }, policy) => [
        ...triggers.flatMap((trigger, index) => {
          const path = ["policies", policy, "triggers", index];
          return trigger.kind === "metric"
            ? [{ document, queries: queriesOf(path, trigger), metric: { path, trigger } }]
            : [];
        }),
        ...vetoesOf(["policies", policy], written[policy]).map((query) => ({ document, queries: [query] })),
      ]);
}

/** The policy's own and those of its triggers. */
function vetoesOf(path: Path, policy: unknown): readonly Query[] {
  const { unless, triggers } = policy as WrittenPolicy;
  const places = [
    { path, unless },
    ...triggers.map((trigger, index) => ({
      path: [...path, "triggers", index],
      unless: trigger.unless,
    })),
  ];
  return places.flatMap(({ path: at, unless: expr }) =>
    expr === undefined ? [] : [{ path: [...at, "unless"], expr, mayBeEmpty: true, mayBeMany: true }],
  );
}

async function checkSubject(
  subject: Subject,
  source: LiveSource,
  complain: Complain,
): Promise<string | undefined> {
  for (const query of subject.queries) {
    const answer = await source.query(query.expr, source.at);
    if (answer.ok) {
      await checkSeries(query, answer.series, source, complain);
      await checkRanges(query, source, complain);
    } else if (answer.reason === "query-rejected") {
      complain(query.path, "promql", `${answer.endpoint}: ${answer.detail}.`);
    } else if (answer.reason === "unreachable" || answer.reason === "query-failed") {
      return `${answer.endpoint} gave no answer (${answer.detail}). Check the address and that it is up.`;
    } else {
      complain(query.path, "no-data", `${answer.endpoint}: ${answer.detail}.`, "warning");
    }
  }
  if (subject.metric !== undefined) await checkThreshold(subject.metric, source, complain);
  return undefined;
}

function queriesOf(path: Path, { query, aggregate }: MetricTrigger): readonly Query[] {
  const mayBeMany = aggregate !== undefined;
  return query.kind === "expr"
    ? [{ path: [...path, "expr"], expr: query.expr, mayBeEmpty: false, mayBeMany }]
    : [
        { path: [...path, "ratio", "errors"], expr: query.errors, mayBeEmpty: true, mayBeMany },
        { path: [...path, "ratio", "total"], expr: query.total, mayBeEmpty: false, mayBeMany },
      ];
}

async function checkSeries(
  query: Query,
  series: readonly InstantSeries[],
  source: LiveSource,
  complain: Complain,
): Promise<void> {
  if (series.length > 1 && !query.mayBeMany) {
    complain(
      query.path,
      "many-series",
      `This gives ${series.length} series, such as ${labels(series[0])} and ${labels(series[1])}, and one verdict is ` +
        "needed. Put `sum(…)` or `max(…)` around it, or say what several mean together with `aggregate: any`, `all` or `each`.",
    );
  }
  if (series.length === 0) {
    await checkAbsent(query, source, complain);
  }
}

async function checkAbsent({ path, expr, mayBeEmpty }: Query, source: LiveSource, complain: Complain) {
  for (const { metric, at } of readPromql(expr).selectors) {
    if (metric !== "" && !(await hasMetric(metric, source))) {
      complain.inText(path, at, {
        rule: "no-data",
        message: `No series is named \`${metric}\` there now. Check the name, and that its target is scraped.`,
        severity: "warning",
      });
      return;
    }
  }
  if (!mayBeEmpty) {
    complain(
      path,
      "no-data",
      "This gives no data now, and without data the trigger is unknown. The metrics exist, so check the labels.",
      "warning",
    );
  }
}

async function checkRanges({ path, expr }: Query, source: LiveSource, complain: Complain): Promise<void> {
  for (const { text, rangeMs, at } of readPromql(expr).selectors) {
    const intervalMs = rangeMs === undefined ? undefined : await scrapeIntervalMs(text, source);
    if (rangeMs !== undefined && intervalMs !== undefined && rangeMs < 2 * intervalMs) {
      complain.inText(path, at, {
        rule: "range-too-short",
        message:
          `Its samples are ${seconds(intervalMs)} apart and the range is ${seconds(rangeMs)}: a range of less than ` +
          `twice that has gaps. Use ${seconds(Math.ceil((4 * intervalMs) / 1000) * 1000)} or more.`,
        severity: "warning",
      });
    }
  }
}

async function checkThreshold(
  { path, trigger }: NonNullable<Subject["metric"]>,
  source: LiveSource,
  complain: Complain,
): Promise<void> {
  const { query, threshold } = trigger;
  if (query.kind !== "expr" || threshold.op !== "above") {
    return;
  }
  for (const { text } of readPromql(query.expr).quantileOf) {
    const top = await topBucket(text, source);
    if (top !== undefined && threshold.value >= top) {
      complain(
        [...path, "above"],
        "threshold-unreachable",
        `\`histogram_quantile\` never gives more than the highest finite bucket, ${top}, so it is never above ` +
          `${threshold.text}. Lower the threshold below ${top}, or give the histogram a bucket above ${threshold.value}.`,
      );
    }
  }
}

function labels(series: InstantSeries | undefined): string {
  const pairs = Object.entries(series?.labels ?? {}).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  );
  const text = `{${pairs.join(", ")}}`;
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(3))} s`;
}
