import { formatInstant } from "../text/format.ts";
import { slotAt } from "../engine/slots.ts";
import type { Policy } from "../rules/policy.ts";
import { targetKey } from "../rules/policy.ts";
import type { InstantQuery, RangeQuery } from "../signals/query.ts";
import { describeTarget, type ScriptHistory } from "./script-release.ts";
import { observe, type Unusable, type VersionsAt, type VersionTrail } from "./script-snapshot.ts";
import { toldTarget } from "./script-told.ts";
import { versionsOf, versionsOver } from "./script-versions.ts";
import { versionLabel } from "../rules/promql-labels.ts";
import { visibleLine } from "../text/visible.ts";
import { unusableVersion } from "./version-name.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

export interface ScriptWatchPorts {
  readonly instant: InstantQuery;
  readonly range: RangeQuery;
  readonly history: ScriptHistory;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
}

interface VersionQuery {
  readonly expr: string;
  readonly target: string;
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  /** How far back the past is read: a release under guard must be found again after a restart. */
  readonly lookbackMs: number;
}

/** Beyond the guard period, so that the version before a release at its very edge is seen too. */
const LOOKBACK_MARGIN_MS = 10 * 60_000;
/** After a step of the clock: neither a busy loop nor a long sleep. */
const SHORTEST_WAIT_MS = 10;

/**
 * Follows a script target. Its version is what `release.expr` says, asked at every slot; slots that were
 * missed (a restart, a slow or absent Prometheus) are read later in one range query.
 */
export function watchScript(policy: Policy, ports: ScriptWatchPorts): TargetWatch {
  const { target, guard, intervalMs, queryOffsetMs } = policy;
  const expr = target.kind === "script" ? target.releaseExpr : undefined;
  if (expr === undefined) return toldTarget(policy, ports);
  const lookbackMs = (guard === "always" ? policy.watchMs : guard) + LOOKBACK_MARGIN_MS;
  return watchVersions({ expr, target: targetKey(policy), intervalMs, queryOffsetMs, lookbackMs }, ports);
}

function watchVersions(query: VersionQuery, ports: ScriptWatchPorts): TargetWatch {
  const listeners = new Set<() => void>();
  let trail: VersionTrail | undefined;
  let seenUntil: number | undefined;
  let unanswered = notAsked(query);
  let unusable: Unusable | undefined;

  const lookup = (): Lookup => {
    if (unusable !== undefined) return notUsable(query, unusable);
    return trail === undefined ? unanswered : describeTarget(query.target, trail, ports.history);
  };

  async function poll(): Promise<void> {
    const grid = missingSlots(query, seenUntil, ports.now());
    if (grid === undefined) return;
    const before = JSON.stringify(lookup());
    const seen = await ask(query, grid, ports);
    if ("ok" in seen) unanswered = seen;
    else {
      trail = seen.slots.reduce(observe, trail);
      seenUntil = grid.to;
      const last = seen.slots.at(-1);
      // What ran before an unusable name no longer runs for certain, until a slot says again what does.
      if (last !== undefined && (last.unusable ?? last.versions[0]) !== undefined) unusable = last.unusable;
      if (trail === undefined) unanswered = noVersion(query, grid.from, grid.to);
    }
    if (JSON.stringify(lookup()) !== before) for (const listener of listeners) listener();
  }

  const stop = everySlot(query, ports.now, poll);
  return {
    current: lookup,
    reread: async () => reread(query, trail, ports),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop,
  };
}

type Grid = { readonly from: number; readonly to: number; readonly stepMs: number };

function missingSlots(query: VersionQuery, seenUntil: number | undefined, now: number): Grid | undefined {
  const to = slotAt(now - query.queryOffsetMs, query.intervalMs);
  const horizon = slotAt(to - query.lookbackMs, query.intervalMs);
  const from = seenUntil === undefined ? horizon : Math.max(horizon, seenUntil + query.intervalMs);
  return from > to ? undefined : { from, to, stepMs: query.intervalMs };
}

async function ask(
  query: VersionQuery,
  grid: Grid,
  ports: ScriptWatchPorts,
): Promise<{ readonly slots: readonly VersionsAt[] } | Extract<Lookup, { ok: false }>> {
  if (grid.from === grid.to) {
    const answer = await ports.instant(query.expr, grid.to);
    return answer.ok ? { slots: [versionsOf(answer.series, grid.to)] } : unreachable(query, answer);
  }
  const answer = await ports.range(query.expr, grid);
  return answer.ok ? { slots: versionsOver(answer.series, grid) } : unreachable(query, answer);
}

/** Asks about this moment, between slots: what it learns is told but not kept, releases are dated by slots. */
async function reread(
  query: VersionQuery,
  trail: VersionTrail | undefined,
  ports: ScriptWatchPorts,
): Promise<Lookup> {
  const at = ports.now() - query.queryOffsetMs;
  const answer = await ports.instant(query.expr, at);
  if (!answer.ok) return unreachable(query, answer);
  const seen = versionsOf(answer.series, at);
  if (seen.unusable !== undefined) return notUsable(query, seen.unusable);
  const next = observe(trail, seen);
  if (next === undefined || seen.versions.length === 0) return noVersion(query, at, at);
  return describeTarget(query.target, next, ports.history);
}

/** Runs `poll` now and just after every slot has become askable; one at a time. Returns the way to stop. */
function everySlot(query: VersionQuery, now: () => number, poll: () => Promise<void>): () => Promise<void> {
  const { intervalMs, queryOffsetMs } = query;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function turn(): Promise<void> {
    await poll();
    if (stopped) return;
    const sinceSlot = (now() - queryOffsetMs) % intervalMs;
    timer = setTimeout(begin, Math.max(SHORTEST_WAIT_MS, intervalMs - sinceSlot));
  }
  let running: Promise<void>;
  function begin(): void {
    running = turn();
  }
  begin();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}

function notAsked({ target }: VersionQuery): Extract<Lookup, { ok: false }> {
  return { ok: false, reason: "unknown-version", detail: `the version of ${target} has not been asked yet` };
}

function noVersion({ expr }: VersionQuery, from: number, to: number): Extract<Lookup, { ok: false }> {
  const when =
    from === to ? `at ${formatInstant(to)}` : `from ${formatInstant(from)} to ${formatInstant(to)}`;
  return { ok: false, reason: "unknown-version", detail: `${expr} has no result ${when}` };
}

function notUsable({ expr }: VersionQuery, unusable: Unusable): Extract<Lookup, { ok: false }> {
  const why =
    "name" in unusable
      ? `${unusableVersion(unusable.name)}. Correct the label where it is set`
      : notOneLabel(expr, unusable.labels);
  return {
    ok: false,
    reason: "unusable-version",
    detail: `${expr} gives a version that cannot be used: ${why}`,
  };
}

/** With `pod` in the name, a pod that is replaced would be a release; with no label, the number of pods would be it. */
function notOneLabel(expr: string, labels: readonly string[]): string {
  const shown = labels.map(visibleLine).join(", ");
  return labels.length === 0
    ? "a series has no label that names the version. Set the label in every version of the service"
    : `a series has the labels ${shown}, and exactly one may name the version. ` +
        `Write \`count by (${versionLabel(labels)}) (${expr})\` in release.expr`;
}

function unreachable(
  { expr }: VersionQuery,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): Extract<Lookup, { ok: false }> {
  return { ok: false, reason: "unreachable", detail: `${expr}: ${reason}, ${detail}` };
}
