import type { Policy } from "../rules/policy.ts";
import { targetKey } from "../rules/policy.ts";
import { BEFORE, isUnobserved, unobservedTarget } from "./script-always.ts";
import type { LoggedRelease } from "./logged-release.ts";
import { describeTarget, type ScriptHistory } from "./script-release.ts";
import type { VersionTrail } from "./script-snapshot.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/**
 * A script target whose versions are told by whoever deploys them. What was told last runs, or what a rollback has put
 * in its place since. Until somebody told of a version, nothing is known of it.
 */
export function toldTarget(
  policy: Policy,
  ports: { readonly history: ScriptHistory; readonly now: () => number },
): TargetWatch {
  const target = targetKey(policy);
  const untold = unobservedTarget(policy, ports);
  const told = (): Lookup | undefined => {
    const trail = trailOf(target, ports.history);
    return trail && describe(target, trail, ports.history);
  };
  return {
    ...untold,
    current: () => told() ?? untold.current(),
    reread: async () => told() ?? untold.reread(),
  };
}

/** The same as soon as it is on record that `version` went live at `at` (epoch ms); the same release if it runs already. */
export function withTold(target: string, version: string, at: number, history: ScriptHistory): Lookup {
  const known = trailOf(target, history);
  if (known?.current?.version === version) return describe(target, known, history);
  const before =
    known === undefined ? runsOf(target, history).toReversed() : [known.current ?? [], known.earlier].flat();
  const trail = { current: { version, startedAt: at }, earlier: before, present: [version] };
  return describe(target, trail, history);
}

function trailOf(target: string, history: ScriptHistory): VersionTrail | undefined {
  const runs = runsOf(target, history);
  const last = runs.at(-1);
  if (last?.isTold !== true) return undefined;
  const back = history.acted().at(-1);
  const isBack = back !== undefined && back.at > last.startedAt && back.toDigest !== last.version;
  const [current = last, ...earlier] = [
    ...(isBack ? [{ version: back.toDigest, startedAt: back.at }] : []),
    ...runs.toReversed(),
  ];
  return { current, earlier, present: [current.version] };
}

/** Oldest first. Which version ran before the first one that was told, only the script knows. */
function runsOf(target: string, history: ScriptHistory): readonly LoggedRelease[] {
  return history.releases().map((run) => asNamed(target, run));
}

function asNamed(target: string, run: LoggedRelease): LoggedRelease {
  return isUnobserved(target, run.version) ? { ...run, version: BEFORE.name } : run;
}

function describe(target: string, trail: VersionTrail, history: ScriptHistory): Lookup {
  const lookup = describeTarget(target, trail, { ...history, releases: () => runsOf(target, history) });
  if (!lookup.ok) return lookup;
  const { snapshot } = lookup;
  const detail = `${snapshot.release.revision.name}, as rollbackd was told; nobody looks at what runs`;
  return {
    ok: true,
    snapshot: {
      ...snapshot,
      release: { ...snapshot.release, isTold: true },
      rollout: { ...snapshot.rollout, detail },
    },
  };
}
