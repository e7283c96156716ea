import type { Policy } from "../rules/policy.ts";
import { targetKey } from "../rules/policy.ts";
import type { Release, Revision } from "./release.ts";
import type { ScriptHistory } from "./script-release.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Only the script knows what this is. */
export const BEFORE = revision("previous", "previous");

/** What a release is called of which nobody told the version. */
export function isUnobserved(target: string, version: string): boolean {
  return version.startsWith(idOf(target));
}

/**
 * A script target whose version nobody can ask. With `guard: always` it counts as one release that began when
 * the daemon first watched it, and as another after each rollback, so that no window reaches back over either.
 * A restart in mid-breach is neither: the log knows since when.
 */
export function unobservedTarget(
  policy: Policy,
  ports: { readonly history: ScriptHistory; readonly now: () => number },
): TargetWatch {
  const target = targetKey(policy);
  const daemonStartedAt = ports.now();
  const unknown: Lookup = {
    ok: false,
    reason: "unknown-version",
    detail:
      `policy ${policy.name} has no release.expr, and nobody has told which version ${target} runs; ` +
      `say so after each deploy: rollbackd release ${policy.name} VERSION`,
  };
  const firstWatchedAt = (): number => {
    const last = ports.history.releases().at(-1);
    return last?.id === idOf(target) ? last.startedAt : daemonStartedAt;
  };
  const current = (): Lookup => {
    if (policy.guard !== "always") return unknown;
    const rollbacks = ports.history.rollbacks();
    const release = sinceLast(rollbacks.at(-1)?.at, target, firstWatchedAt());
    const rollout = {
      complete: true,
      stalled: false,
      detail: "not observed: the policy has no release.expr",
    };
    return { ok: true, snapshot: { target, uid: target, release, earlier: [BEFORE], rollbacks, rollout } };
  };
  return {
    current,
    reread: async () => unknown,
    onChange: () => () => undefined,
    stop: async () => undefined,
  };
}

function idOf(target: string, rolledBackAt?: number): string {
  return `${target}@always${rolledBackAt === undefined ? "" : `+${new Date(rolledBackAt).toISOString()}`}`;
}

function sinceLast(rolledBackAt: number | undefined, target: string, firstWatchedAt: number): Release {
  const startedAt = rolledBackAt ?? firstWatchedAt;
  const id = idOf(target, rolledBackAt);
  return {
    id,
    target,
    // What ran before a rollback must not lend its bad name to what runs after it.
    revision: revision("current", id),
    previous: BEFORE,
    startedAt,
    clockAt: startedAt,
    cause: "deploy",
    reversible: true,
  };
}

function revision(name: string, digest: string): Revision {
  return { name, digest, standing: "unproven", images: {} };
}
