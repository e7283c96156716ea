import type { Complain } from "./complain.ts";
import type { Path, RulesDocument } from "./document.ts";
import { lintMeasures } from "./lint-measure.ts";
import { exceedsPolicy } from "./mode.ts";
import { readPromql } from "./promql.ts";
import type { PromqlUnit } from "./promql-units.ts";
import type { WrittenPolicy, WrittenTrigger } from "./schema.ts";
import { durationMs, parseThreshold } from "./units.ts";

interface About {
  readonly document: RulesDocument;
  readonly path: Path;
  readonly policy: Partial<WrittenPolicy>;
}

/** Prometheus answers a range query with at most this many points a series. */
const MAX_SLOTS = 11_000;

/** Seconds are rarely compared with more than this, milliseconds often. */
const SUSPICIOUS_SECONDS = 100;

const METRIC_KEYS = [
  "above",
  "below",
  "for",
  "breachRatio",
  "minCoverage",
  "maxGap",
  "maxSampleAge",
  "aggregate",
] as const;

export function lintTrigger(about: About, trigger: WrittenTrigger, complain: Complain): void {
  lintPlaces(about, trigger, complain);
  if (trigger.probe !== undefined) {
    lintProbe([...about.path, "probe"], trigger.probe, complain);
  } else if (trigger.rollout !== undefined) {
    lintRollout(about, complain);
  } else if (trigger.vulnerability !== undefined) {
    lintVulnerability(about, trigger.vulnerability, complain);
  } else {
    lintThreshold(about, trigger, complain);
    lintWindow(about, trigger, complain);
    lintMeasures(about.path, trigger, complain);
  }
  const mode = about.policy.mode ?? "observe";
  if (trigger.mode !== undefined && exceedsPolicy(trigger.mode, mode)) {
    complain(
      [...about.path, "mode"],
      "mode",
      `The policy is \`${mode}\`, so this trigger will not go further than that. Raise the policy's \`mode\`, and ` +
        "hold other triggers back instead.",
      "warning",
    );
  }
}

function lintPlaces({ document, path }: About, trigger: WrittenTrigger, complain: Complain): void {
  const { kind, misplaced } = placesOf(trigger);
  for (const key of misplaced) {
    if (document.has([...path, key])) {
      complain.key(
        [...path, key],
        "misplaced-key",
        `\`${key}\` means nothing with \`${kind}\`. Leave it out.`,
      );
    }
  }
}

/** How the trigger measures, and which keys mean nothing with that. */
function placesOf({ probe, rollout, vulnerability, ratio }: WrittenTrigger) {
  if (probe !== undefined) return { kind: "probe", misplaced: [...METRIC_KEYS, "minTotal"] } as const;
  if (rollout !== undefined) {
    return { kind: "rollout", misplaced: [...METRIC_KEYS, "minTotal", "failures"] } as const;
  }
  if (vulnerability !== undefined) {
    return { kind: "vulnerability", misplaced: [...METRIC_KEYS, "minTotal", "failures"] } as const;
  }
  return ratio === undefined
    ? ({ kind: "expr", misplaced: ["failures", "minTotal"] } as const)
    : ({ kind: "ratio", misplaced: ["failures"] } as const);
}

function lintRollout({ path, policy }: About, complain: Complain): void {
  if (policy.target?.script === true) {
    complain.key(
      [...path, "rollout"],
      "target",
      "Only a Deployment's rollout can be seen, and this target is `script: true`. Use `probe` or `expr`.",
    );
  }
}

function lintVulnerability(
  { path, policy }: About,
  { ignore }: NonNullable<WrittenTrigger["vulnerability"]>,
  complain: Complain,
): void {
  if (policy.target?.script === true) {
    complain.key(
      [...path, "vulnerability"],
      "target",
      "The images of a target that is `script: true` cannot be seen, so no report can be about them. Leave it out.",
    );
  }
  for (const [index, { until }] of ignore.entries()) {
    if (isDay(until)) continue;
    complain(
      [...path, "vulnerability", "ignore", index, "until"],
      "wrong-value",
      `There is no day \`${until}\`. Write year, month and day, such as \`2026-12-31\`.`,
    );
  }
}

/** Dates that are none roll over to the next month, or are not read at all. */
function isDay(text: string): boolean {
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function lintThreshold({ path }: About, trigger: WrittenTrigger, complain: Complain): void {
  if (trigger.above !== undefined && trigger.below !== undefined) {
    complain.key(
      [...path, "below"],
      "misplaced-key",
      "A trigger has `above` or `below`, not both. Write two triggers.",
    );
    return;
  }
  const key = trigger.above === undefined ? "below" : "above";
  const written = trigger[key];
  if (written === undefined) {
    complain(path, "missing-key", "This trigger needs a threshold: `above` or `below`, such as `above: 5%`.");
    return;
  }
  const { value, unit } = parseThreshold(written);
  if (trigger.ratio !== undefined) {
    if (unit === "duration" || (key === "above" && value >= 1)) {
      complain(
        [...path, key],
        "units",
        `A ratio is never above 1, so \`${key}: ${written}\` cannot be met. ` +
          `Write a share such as \`5%\` or \`0.05\`.`,
      );
    }
    return;
  }
  const wrong = wrongUnit(readPromql(trigger.expr ?? "").unit, { value, unit, written, key });
  if (wrong !== undefined) {
    complain([...path, key], "units", wrong);
  }
}

export function wrongUnit(
  measured: PromqlUnit,
  threshold: ReturnType<typeof parseThreshold> & { readonly written: string | number; readonly key: string },
): string | undefined {
  const { value, unit, written, key } = threshold;
  if (measured === "seconds" && unit === "number" && value >= SUSPICIOUS_SECONDS) {
    return (
      `The expression is in seconds, so \`${key}: ${written}\` means ${value} seconds. ` +
      `Write \`${written}ms\` or \`${written}s\`.`
    );
  }
  if (measured === "milliseconds" && unit === "duration") {
    return (
      `A duration means seconds, and the expression is in milliseconds: \`${written}\` would be compared as ` +
      `${value}. Write the plain number ${value * 1000}.`
    );
  }
  return undefined;
}

function lintWindow({ path, policy }: About, trigger: WrittenTrigger, complain: Complain): void {
  if (trigger.for === undefined) {
    complain(path, "missing-key", "This trigger needs `for`: how long it must breach, such as `for: 5m`.");
    return;
  }
  const forMs = durationMs(trigger.for);
  const intervalMs = typeof policy.interval === "string" ? durationMs(policy.interval) : Number.NaN;
  const slots = Math.ceil(forMs / intervalMs) + 1;
  if (intervalMs > 0 && slots > MAX_SLOTS) {
    complain(
      [...path, "for"],
      "window",
      `\`for: ${trigger.for}\` every ${policy.interval} is a window of ${slots} evaluations; Prometheus answers at ` +
        `most ${MAX_SLOTS}. Shorten \`for\` or lengthen \`interval\`.`,
    );
  } else if (forMs > 0 && forMs < intervalMs) {
    complain(
      [...path, "for"],
      "window",
      `\`for: ${trigger.for}\` is shorter than the interval of ${policy.interval}, so it takes two evaluations and ` +
        `fires after ${policy.interval}. Shorten \`interval\` or write \`for: 0s\`.`,
      "warning",
    );
  }
}

/** PromQL that cannot be evaluated to an instant vector, with the character where that shows. */
export function lintQuery(path: Path, expr: string, complain: Complain): void {
  for (const { at, message } of readPromql(expr).faults) {
    complain.inText(path, at, {
      rule: "promql",
      message: `PromQL: ${message}${/[.?]$/.test(message) ? "" : "."}`,
    });
  }
}

/** Also for the probe that verifies a rollback. */
export function lintProbe(
  path: Path,
  probe: Omit<NonNullable<WrittenTrigger["probe"]>, "expect">,
  complain: Complain,
): void {
  if (durationMs(probe.timeout) >= durationMs(probe.interval)) {
    complain(
      path,
      "probe",
      `A probe may take ${probe.timeout} and the next is due after ${probe.interval}. Make \`timeout\` shorter ` +
        "than `interval`.",
    );
  }
  const address = URL.canParse(probe.url) ? new URL(probe.url) : undefined;
  if (address === undefined) {
    complain([...path, "url"], "probe", "This is not an address that can be called. Check host and port.");
  } else if (address.username !== "" || address.password !== "") {
    complain(
      [...path, "url"],
      "probe",
      "This address carries a password, and addresses are shown in the log and in pages. Take it out.",
    );
  }
  lintProbeTls(path, probe, complain);
}

function lintProbeTls(
  path: Path,
  { url, tls }: Pick<NonNullable<WrittenTrigger["probe"]>, "url" | "tls">,
  complain: Complain,
): void {
  if (tls === undefined) return;
  if (tls.ca !== undefined && tls.insecure === true) {
    complain.key(
      [...path, "tls", "insecure"],
      "misplaced-key",
      "With `insecure` any certificate is taken, so `ca` means nothing. Leave one of them out.",
    );
  }
  if (!url.startsWith("https:")) {
    complain.key(
      [...path, "tls"],
      "misplaced-key",
      "`tls` means nothing with an `http:` address. Leave it out or write `https:`.",
    );
  }
}
