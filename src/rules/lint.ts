import { complainTo } from "./complain.ts";
import type { Complain } from "./complain.ts";
import type { Path, RulesDocument } from "./document.ts";
import { lintCheckpoints } from "./lint-checkpoint.ts";
import { lintNotify } from "./lint-notify.ts";
import { lintVeto } from "./lint-empty.ts";
import { lintRateOfSum } from "./lint-range.ts";
import { lintRelease, lintStrategy, lintVersion } from "./lint-target.ts";
import { lintStatusPage } from "./lint-status-page.ts";
import { lintProbe, lintQuery, lintTrigger } from "./lint-trigger.ts";
import type { Problem } from "./problem.ts";
import { treeOf } from "./promql.ts";
import type { WrittenPolicy, WrittenTrigger } from "./schema.ts";
import { durationMs } from "./units.ts";
import { listAt } from "./validate.ts";
import type { Validation } from "./validate.ts";

/** What the schema cannot say: checks of meaning, for every part of the file that has its right shape. */
export function lint(document: RulesDocument, validation: Validation): readonly Problem[] {
  const problems: Problem[] = [];
  const complain = complainTo(document, problems);
  const policies = validation.policies as readonly Partial<WrittenPolicy>[];
  for (const [index, policy] of policies.entries()) {
    const path: Path = ["policies", index];
    const { isBroken } = validation;
    if (!isBroken([...path, "target"]) && !isBroken([...path, "rollback"]) && !isBroken([...path, "guard"])) {
      lintStrategy(path, policy, complain);
      lintRelease(document, path, policy, complain);
      lintReferences(path, policy, complain);
    }
    lintTiming(path, policy, complain);
    lintPrecheck(path, policy, complain);
    if (typeof policy.unless === "string") lintUnless([...path, "unless"], policy.unless, complain);
    if (!isBroken([...path, "statusPage"])) lintStatusPage(path, policy, complain);
    if (!isBroken([...path, "notify"])) lintNotify(path, policy, complain);
    lintCheckpoints(path, policy, validation, complain);
    for (const [at, trigger] of listAt(policy, "triggers").entries()) {
      const about = { document, path: [...path, "triggers", at], policy };
      lintQueries(about.path, trigger as Partial<WrittenTrigger>, complain);
      if (!isBroken(about.path)) {
        lintTrigger(about, trigger as WrittenTrigger, complain);
      }
    }
    lintTriggerNames(path, policy, complain);
  }
  return problems;
}

/** Also where another part of the trigger has a wrong shape. */
function lintQueries(path: Path, trigger: Partial<WrittenTrigger>, complain: Complain): void {
  const { errors, total } = trigger.ratio ?? {};
  const queries = [
    [[...path, "expr"], trigger.expr],
    [[...path, "ratio", "errors"], errors],
    [[...path, "ratio", "total"], total],
  ] as const;
  for (const [at, expr] of queries) {
    if (typeof expr === "string") {
      lintQuery(at, expr, complain);
    }
  }
  if (typeof trigger.unless === "string") lintUnless([...path, "unless"], trigger.unless, complain);
}

function lintUnless(path: Path, expr: string, complain: Complain): void {
  lintQuery(path, expr, complain);
  const top = treeOf(expr);
  if (top === undefined) return;
  lintVeto({ path, expr, top }, complain);
  lintRateOfSum({ path, expr, top }, complain);
}

/** The addresses and queries of a policy outside its triggers. */
function lintReferences(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const probe = policy.rollback?.verify.probe;
  if (probe !== undefined) {
    lintProbe([...path, "rollback", "verify", "probe"], probe, complain);
  }
  const release = policy.target?.release;
  if (release !== undefined) {
    lintQuery([...path, "target", "release", "expr"], release.expr, complain);
    lintVersion([...path, "target", "release", "expr"], release.expr, complain);
  }
}

/** A pass that is not over by then counts as stuck. */
const LONGEST_PRECHECK_MS = 60_000;

/** Scrapes are rarely closer than this, and every evaluation is a query for each trigger. */
const SHORTEST_INTERVAL_MS = 1000;

function lintTiming(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const intervalMs = typeof policy.interval === "string" ? durationMs(policy.interval) : Number.NaN;
  if (intervalMs > 0 && intervalMs < SHORTEST_INTERVAL_MS) {
    complain(
      [...path, "interval"],
      "window",
      `The shortest interval is 1s; here it is \`${policy.interval}\`.`,
    );
  }
  const script = policy.rollback?.script?.timeout;
  const whole = policy.rollback?.timeout;
  if (typeof script === "string" && typeof whole === "string" && durationMs(script) > durationMs(whole)) {
    complain(
      [...path, "rollback", "script"],
      "window",
      `The script may take ${script}, but the rollback as a whole only ${whole}. Raise \`rollback.timeout\`.`,
      "warning",
    );
  }
}

function lintPrecheck(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const timeout = policy.rollback?.precheck?.timeout;
  if (typeof timeout === "string" && durationMs(timeout) > LONGEST_PRECHECK_MS) {
    complain(
      [...path, "rollback", "precheck", "timeout"],
      "window",
      `Nothing of this policy is evaluated while its precheck runs, which may be ${timeout}, and what people ask for waits. Bound it to 1m.`,
      "warning",
    );
  }
}

function lintTriggerNames(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const seen = new Set<unknown>();
  for (const [index, trigger] of listAt(policy, "triggers").entries()) {
    const { name } = (trigger ?? {}) as Partial<WrittenTrigger>;
    if (name !== undefined && seen.has(name)) {
      complain(
        [...path, "triggers", index, "name"],
        "duplicate-name",
        `This policy has two triggers \`${name}\`; the log tells them apart by name. Rename one.`,
      );
    }
    seen.add(name);
  }
}
