import { withTold } from "../releases/script-told.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { Commands } from "./commands.ts";
import type { Handled, ManualPorts } from "./manual-rollback.ts";
import { refused, unknownPolicy, UNWRITABLE } from "./refusals.ts";
import { releaseRecords } from "./release-records.ts";
import { scriptHistory } from "./script-history.ts";
import { withMemory } from "./target-facts.ts";

type TellPorts = Pick<ManualPorts, "running" | "history" | "record" | "oneAtATime" | "now">;

/** Takes it from whoever deploys that a version went live. Told again of what runs already, it says so and does nothing. */
export function createTellRelease(ports: TellPorts): Commands["release"] {
  return async (name, request, by) => {
    const running = ports.running().find(({ policy }) => policy.name === name);
    if (running === undefined) return unknownPolicy(name);
    const why = whyNotTold(running.policy);
    if (why !== undefined) return refused("not-told", `${why} Nothing was recorded.`);
    return ports.oneAtATime(targetKey(running.policy), () => tell(running, request, by, ports));
  };
}

function whyNotTold({ name, target }: Policy): string | undefined {
  if (target.kind !== "script") {
    return `${name} targets the cluster, which shows its releases itself; there is nothing to tell.`;
  }
  return target.releaseExpr === undefined
    ? undefined
    : `The release.expr of ${name} tells of its releases; take it out of the rules to tell of them yourself.`;
}

async function tell(
  { policy, reconsider }: Handled,
  { version, note }: Parameters<Commands["release"]>[1],
  by: string,
  { history, record, now }: TellPorts,
): ReturnType<Commands["release"]> {
  const key = targetKey(policy);
  const lookup = withTold(key, version, now(), scriptHistory(history, key));
  if (!lookup.ok) return refused("not-told", lookup.detail);
  const { release } = withMemory(lookup.snapshot, history);
  const said = { by, ...(note !== undefined && { note }) };
  for (const body of releaseRecords(policy.name, release, history.release(policy.name), said)) {
    if ((await record(body)) === undefined) return UNWRITABLE;
  }
  reconsider();
  return { ok: true, release: release.id };
}
