import type { Policy } from "../rules/policy.ts";
import type { History } from "./history.ts";
import type { RecordInLog } from "./ports.ts";
import { isOurs } from "./rollbacks.ts";

/**
 * Rollbacks that a stop of the daemon left open and that no policy goes on with, because the rules were changed
 * meanwhile, end here: nobody can act or verify any more, so people have to look.
 */
export async function endOrphans(
  policies: readonly Policy[],
  history: History,
  record: RecordInLog,
): Promise<void> {
  for (const open of history.allOpen()) {
    if (policies.some((policy) => isOurs(open, policy, history))) continue;
    const { policy, target, release, decisionId } = open.started;
    const done =
      open.appliedAt === undefined
        ? "whether it was done is not known"
        : "it was done, but whether it helped is not known";
    const detail = `the daemon was stopped during the rollback, and ${policy} no longer guards ${target} by the rules: ${done}; look at the target`;
    await record({
      type: "rollback.failed",
      policy,
      target,
      release,
      decisionId,
      reason: "interrupted",
      detail,
    });
  }
}
