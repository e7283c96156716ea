import type { Logger } from "pino";
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
  { record, logger }: { readonly record: RecordInLog; readonly logger: Logger },
): Promise<void> {
  for (const open of history.allOpen()) {
    if (policies.some((policy) => isOurs(open, policy, history))) continue;
    const { policy, target, release, decisionId } = open.started;
    const done =
      open.appliedAt === undefined
        ? "whether it was done is not known"
        : "it was done, but whether it helped is not known";
    const detail = `the daemon was stopped during the rollback, and ${policy} no longer guards ${target} by the rules: ${done}; look at the target`;
    // Rules that do not know the policy do not know either whom it would tell.
    logger.error({ policy, target, decisionId }, detail);
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
