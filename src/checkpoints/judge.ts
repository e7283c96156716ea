import type { CheckResult } from "../log/record.ts";
import type { Criterion, MetricCheck, Versus } from "../rules/policy.ts";
import { isKnown, type Sample } from "../signals/sample.ts";
import { formatLimit, formatMeasured } from "../text/format.ts";

/** What one comparison says: whether it holds (undefined: nobody knows), and with which numbers. */
interface Verdict {
  readonly holds: boolean | undefined;
  readonly detail: string;
}

/** `before`: the same span up to the start of the release; only needed where the check compares with it. */
export function judgeMetric(
  { name, must, versus }: MetricCheck,
  now: Sample,
  before: Sample | undefined,
): CheckResult {
  const asked = { name, ...wanted(must, versus) };
  if (!isKnown(now)) return { ...asked, result: "unknown", detail: whyUnknown(now) };
  const verdicts = [
    ...(must === undefined ? [] : [meets(must, now.value)]),
    ...(versus === undefined ? [] : [compare({ must, versus }, now.value, before)]),
  ];
  return {
    ...asked,
    result: together(verdicts),
    value: now.value,
    ...(before !== undefined && isKnown(before) && { before: before.value }),
    detail: verdicts.map(({ detail }) => detail).join("; "),
  };
}

/** One that fails is enough; otherwise one that nobody knows leaves it open. */
function together(verdicts: readonly Verdict[]): CheckResult["result"] {
  if (verdicts.some(({ holds }) => holds === false)) return "fail";
  return verdicts.every(({ holds }) => holds === true) && verdicts.length > 0 ? "pass" : "unknown";
}

const WORDS = {
  above: "above",
  below: "below",
  atLeast: "at least",
  atMost: "at most",
} as const satisfies Record<Criterion["is"], string>;

function meets(must: Criterion, value: number): Verdict {
  return {
    holds: isMet(must, value),
    detail: `${formatMeasured(value, must)}, must be ${WORDS[must.is]} ${formatLimit(must.text)}`,
  };
}

function isMet({ is, value: limit }: Criterion, value: number): boolean {
  switch (is) {
    case "above":
      return value > limit;
    case "below":
      return value < limit;
    case "atLeast":
      return value >= limit;
    case "atMost":
      return value <= limit;
  }
}

interface Compared {
  readonly must: Criterion | undefined;
  readonly versus: Versus;
}

function compare({ must, versus }: Compared, value: number, before: Sample | undefined): Verdict {
  const { may, of, by, text } = versus;
  if (before === undefined || !isKnown(before)) {
    const why = before === undefined ? "not measured" : whyUnknown(before);
    return { holds: undefined, detail: `before the release: ${why}` };
  }
  // 0.75 - 0.7 is a hair more than 0.05, and 0.29 of 100 a hair less than 29.
  const change = exact(value - before.value);
  const room = exact(of === "share" ? by * Math.abs(before.value) : by);
  const unit = must ?? { text: of === "amount" ? text : "" };
  return {
    holds: may === "rise" ? change <= room : -change <= room,
    detail: `${formatMeasured(value, unit)} against ${formatMeasured(before.value, unit)} before, may ${may} by ${formatLimit(text)}`,
  };
}

/** What a difference or a product of decimals would be, were they not kept in binary. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

function wanted(must: Criterion | undefined, versus: Versus | undefined): { readonly must?: string } {
  const parts = [
    ...(must === undefined ? [] : [`${WORDS[must.is]} ${must.text}`]),
    ...(versus === undefined ? [] : [`${versus.may} by at most ${versus.text} against before`]),
  ];
  return parts.length === 0 ? {} : { must: parts.join(", ") };
}

function whyUnknown({ unknown, detail }: Extract<Sample, { readonly unknown: unknown }>): string {
  return detail === undefined ? unknown : `${unknown}: ${detail}`;
}
