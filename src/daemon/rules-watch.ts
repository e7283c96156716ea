import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { type LoadedRules, loadRules } from "../rules/load.ts";
import { repeatedly } from "./repeatedly.ts";
import type { RulesInForce } from "./rules-in-force.ts";

/**
 * Hands over the rules read from `path` whenever they are others than before, or have other problems.
 * By reading, not by file events: a mounted ConfigMap swaps links, and a network volume sends none.
 * Returns the way to stop.
 */
export function watchRules(
  path: string,
  first: LoadedRules,
  everyMs: number,
  inForce: Pick<RulesInForce, "take" | "recordOwed"> & { readonly logger: Logger },
): () => Promise<void> {
  let known = fingerprint(first);
  const task = async (): Promise<void> => {
    await inForce.recordOwed();
    const rules = await loadRules(path);
    const now = fingerprint(rules);
    if (now === known) return;
    await inForce.take(rules);
    // What broke off half taken is taken again: the rules in force must be those of the files in the end.
    known = now;
  };
  return repeatedly({ what: "reading the rules files", task, everyMs, logger: inForce.logger });
}

/** What the rules mean and what is wrong with them; a comment changes neither. */
function fingerprint({ policies, problems }: LoadedRules): string {
  return createHash("sha256")
    .update(JSON.stringify([policies.map(({ hash }) => hash), problems]))
    .digest("hex");
}
