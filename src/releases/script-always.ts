import type { Policy } from "../rules/policy.ts";
import { targetKey } from "../rules/policy.ts";
import type { Release, Revision } from "./release.ts";
import type { ScriptHistory } from "./script-release.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Only the script knows what this is. */
const BEFORE = revision("previous", "previous");

/**
 * A script target whose version nobody can ask. With `guard: always` it counts as one release that began when
 * the daemon started, and as another after each rollback, so that no window reaches back over either.
 */
export function unobservedTarget(
  policy: Policy,
  ports: { readonly history: Pick<ScriptHistory, "rollbacks">; readonly now: () => number },
): TargetWatch {
  const target = targetKey(policy);
  const daemonStartedAt = ports.now();
  const unknown: Lookup = {
    ok: false,
    reason: "unknown-version",
    detail: `policy ${policy.name} has no release.expr, so nothing tells which version ${target} runs`,
  };
  const current = (): Lookup => {
    if (policy.guard !== "always") return unknown;
    const rollbacks = ports.history.rollbacks();
    const release = sinceLast(rollbacks.at(-1)?.at, target, daemonStartedAt);
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

function sinceLast(rolledBackAt: number | undefined, target: string, daemonStartedAt: number): Release {
  const anew = rolledBackAt !== undefined && rolledBackAt > daemonStartedAt;
  const startedAt = anew ? rolledBackAt : daemonStartedAt;
  const id = `${target}@always${anew ? `+${new Date(startedAt).toISOString()}` : ""}`;
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
