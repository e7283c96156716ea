import type { Evidence } from "../decisions/decision.ts";
import { formatDuration, formatInstant, formatThreshold } from "../text/format.ts";
import { chart, range, sampleText } from "../notifications/chart.ts";
import { breaches } from "../rules/threshold.ts";
import { isKnown } from "../signals/sample.ts";
import type { Incident } from "./incident.ts";
import { code, fence, list, plain, section, table } from "./markdown.ts";
import { vulnerabilityTable } from "./vulnerabilities.ts";

/** Of one window; a window of a day has thousands, and the log keeps them. */
const MAX_ROWS = 120;

/** What was measured, the trigger that decided first. */
export function fired({ decision }: Incident): string {
  const { evidence, trigger, seq } = decision;
  if (evidence.length === 0) return section("What fired", nothingMeasured(decision));
  const deciding = evidence.filter((each) => each.trigger === trigger);
  const others = evidence.filter((each) => each.trigger !== trigger);
  return [
    section("What fired", ...deciding.map((each) => measured(each, seq))),
    section("What else was measured", ...others.map((each) => measured(each, seq))),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function nothingMeasured({ manual }: Incident["decision"]): string {
  return manual === undefined
    ? "The decision holds no measurements."
    : `Nothing had to fire: ${plain(manual.by)} asked for it, because of ${code(manual.reason)}.`;
}

function measured(evidence: Evidence, seq: number): string {
  const { trigger, summary, query, threshold, forMs, endpoint, rulesHash, samples } = evidence;
  const facts = [
    `Threshold: ${plain(formatThreshold(threshold))}${forMs === 0 ? "" : ` for ${formatDuration(forMs)}`}`,
    `Measured: ${plain(range(evidence))}`,
    `Answered by: ${plain(endpoint)}`,
    `Meaning of the trigger: ${code(rulesHash)}`,
  ];
  const isUnknown = samples.some((sample) => !isKnown(sample));
  return [
    `### ${plain(trigger)}`,
    `${plain(summary)}.`,
    list(facts),
    fence(query, evidence.limit === undefined ? "" : "promql"),
    ...(samples.length > 1 ? [fence(`${chart(evidence)}${isUnknown ? "   · is unknown" : ""}`, "text")] : []),
    ...vulnerabilityTable(evidence),
    ...(samples.length === 0 ? [] : [sampleTable(evidence)]),
    ...(samples.length > MAX_ROWS
      ? [`${samples.length - MAX_ROWS} earlier ones are left out here; record ${seq} has them all.`]
      : []),
  ].join("\n\n");
}

function sampleTable(evidence: Evidence): string {
  const rows = evidence.samples
    .slice(-MAX_ROWS)
    .map((sample) => [
      formatInstant(sample.at),
      isKnown(sample) ? sampleText(evidence, sample.value) : "–",
      isKnown(sample) ? verdict(sample.value, evidence) : plain(`unknown: ${sample.unknown}`),
      plain(sample.detail ?? ""),
    ]);
  return table(["slot (UTC)", "value", "verdict", "seen"], rows);
}

/** Empty where the value is judged by more than a limit. */
function verdict(value: number, { threshold, limit }: Evidence): string {
  if (limit !== undefined) {
    const op = threshold.startsWith("below") ? "below" : "above";
    return breaches({ op, value: limit }, value) ? "breaching" : "healthy";
  }
  return "";
}
