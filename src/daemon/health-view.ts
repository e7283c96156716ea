import { formatInstant } from "../text/format.ts";
import type { Head } from "../log/chain.ts";
import type { Lookup } from "../releases/watch.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import { isError, type Problem, sentenceOf } from "../rules/problem.ts";
import type { Health, Hindrance, PolicyHealth } from "./health.ts";
import { isBlind } from "./sight.ts";
import type { MissingRights } from "../log/record.ts";
import { howToGrant, missingText } from "../notifications/rights.ts";
import type { RightsState } from "./rights-watch.ts";
import type { RunningPolicy } from "./run-policy.ts";
import { clashOf, sharingWith } from "./sharing.ts";
import { inSeconds, STALE_AFTER_MS } from "./target-sight.ts";

/** What the daemon shows of itself, read from memory at each call. */
export interface HealthSource {
  readonly version: string;
  readonly startedAt: number;
  readonly now: () => number;
  readonly rules: () => { readonly loadedAt: number | undefined; readonly problems: readonly Problem[] };
  readonly log: () => {
    readonly head: Head;
    readonly unwritable: string | undefined;
    /** How far it has been read at the start; undefined once it has been read. */
    readonly readUntil: number | undefined;
  };
  readonly running: () => readonly RunningPolicy[];
  readonly rights: () => RightsState;
}

export function healthView(source: HealthSource): Health {
  return {
    hindrances: () => [
      ...logHindrance(source),
      ...rulesHindrance(source),
      ...source.running().flatMap((running) => policyHindrances(running, source.now())),
      ...clashHindrances(source.running()),
      ...source.rights().missing.map(rightsHindrance),
    ],
    detailed: () => {
      const { head, unwritable } = source.log();
      const { loadedAt, problems } = source.rules();
      return {
        version: source.version,
        startedAt: source.startedAt,
        leader: true,
        rules: { loadedAt, problems: problems.map(sentenceOf) },
        log: { ...head, writable: unwritable === undefined },
        rights: source.rights(),
        policies: source.running().map((running) => policyHealth(running, source.now())),
      };
    },
  };
}

function rulesHindrance({ rules, log }: HealthSource): readonly Hindrance[] {
  const { loadedAt, problems } = rules();
  if (loadedAt !== undefined || log().readUntil !== undefined) return [];
  const errors = problems.filter(isError).length;
  return [
    {
      what: "rules",
      detail: `No rules are in force; ${errors} problems.`,
      nextStep: "Run rollbackd check on the rules files; they are read again every few seconds.",
    },
  ];
}

function logHindrance({ log }: HealthSource): readonly Hindrance[] {
  const { head, unwritable, readUntil } = log();
  if (unwritable !== undefined) {
    const nextStep = "Until then nothing is rolled back; free space or repair the volume.";
    return [{ what: "log", detail: unwritable, nextStep }];
  }
  if (readUntil === undefined) return [];
  const detail = `The decision log is being read, ${readUntil} of ${head.seq} records so far.`;
  return [{ what: "log", detail, nextStep: "Wait: nothing is evaluated before it has been read." }];
}

function rightsHindrance(missing: MissingRights): Hindrance {
  return { what: "kubernetes", detail: missingText(missing), nextStep: howToGrant(missing) };
}

/** Slow queries take seconds, and are given up then. */
const STUCK_AFTER_MS = 60_000;
/** Where slots are far apart, a pass may take its time. */
const STUCK_AFTER_SLOTS = 4;

function stuckHindrance({ policy, overdueMs }: RunningPolicy): readonly Hindrance[] {
  const ms = overdueMs();
  if (ms < Math.max(STUCK_AFTER_MS, STUCK_AFTER_SLOTS * policy.intervalMs)) return [];
  return [
    {
      what: "evaluation",
      detail: `${policy.name}: no pass has ended as it should for ${inSeconds(ms)}, and no slot is evaluated until then.`,
      nextStep:
        "Nothing of this policy is rolled back until one does. Restart rollbackd: windows are rebuilt from Prometheus, " +
        "and a rollback under way is gone on with. Report it with the log.",
    },
  ];
}

function staleHindrance(
  policy: string,
  { since, detail }: NonNullable<Extract<Lookup, { ok: true }>["stale"]>,
  now: number,
): Hindrance {
  return {
    what: "target",
    detail: `${policy}: the target has not been followed for ${inSeconds(now - since)}, since ${formatInstant(since)}. ${detail}`,
    nextStep:
      "New releases are not seen until then, and nothing is done to a target that cannot be read: check the API " +
      "server and the way to it; it is tried again every few seconds.",
  };
}

function policyHindrances(running: RunningPolicy, now: number): readonly Hindrance[] {
  const { policy } = running;
  const { at, lookup, sight } = running.carried();
  const hindrances: Hindrance[] = [...stuckHindrance(running)];
  if (at === undefined) {
    if (hindrances.length > 0) return hindrances;
    const nextStep = "Wait for the first slot.";
    return [{ what: "evaluation", detail: `${policy.name} has not been evaluated yet.`, nextStep }];
  }
  if (lookup !== undefined && !lookup.ok) {
    const nextStep = whereToLook(policy);
    hindrances.push({
      what: "target",
      detail: `${policy.name}: ${lookup.detail.replace(/\.$/u, "")}.`,
      nextStep,
    });
  }
  if (lookup?.ok && lookup.stale !== undefined && now - lookup.stale.since >= STALE_AFTER_MS) {
    hindrances.push(staleHindrance(policy.name, lookup.stale, now));
  }
  if (isBlind(sight, now, 0)) {
    const nextStep = "Check ROLLBACKD_PROMETHEUS_URL and that Prometheus answers.";
    const since = formatInstant(sight.blindSince ?? now);
    const detail = `${policy.name}: no usable answer since ${since}.`;
    hindrances.push({ what: "prometheus", detail, nextStep });
  }
  return hindrances;
}

/** Of the two policies that a clash is between, the one that has the Service tells. */
function clashHindrances(running: readonly RunningPolicy[]): readonly Hindrance[] {
  const nextStep = "Correct the rules files; they are read again every few seconds.";
  const switchers = running.filter(({ policy }) => policy.target.kind === "blue-green");
  return switchers.flatMap(({ policy }) => {
    const clash = clashOf(sharingWith(policy, running));
    return clash === undefined ? [] : [{ what: "rules", detail: `${clash}.`, nextStep }];
  });
}

/** The detail of a script target whose version is to be told says how. */
function whereToLook({ target }: Policy): string {
  if (target.kind !== "script")
    return "Check the target in the rules file, the API server and the Role of rollbackd.";
  return target.releaseExpr === undefined
    ? "No release of it is watched until then."
    : "Check `release.expr` in the rules file, and that Prometheus has a result for it.";
}

function policyHealth({ policy, carried }: RunningPolicy, now: number): PolicyHealth {
  const { watched, sight, lookup, at } = carried();
  const triggers = [...watched.values()].map(({ track }) => track.status);
  const blind = isBlind(sight, now, policy.blindAfterMs);
  return {
    policy: policy.name,
    mode: policy.mode,
    target: targetKey(policy),
    release: lookup?.ok ? lookup.snapshot.release.id : undefined,
    evaluatedAt: at,
    blind: blind ? { since: sight.blindSince ?? now, reason: triggers.at(0)?.reason ?? "" } : undefined,
    triggers,
  };
}
