import { createHash } from "node:crypto";
import { type LoadedRules, loadRules } from "../rules/load.ts";
import { repeatedly } from "./repeatedly.ts";

/**
 * Calls `onChange` whenever the rules read from `path` are others than before, or have other problems.
 * By reading, not by file events: a mounted ConfigMap swaps links, and a network volume sends none.
 * Returns the way to stop.
 */
export function watchRules(
  path: string,
  first: LoadedRules,
  everyMs: number,
  onChange: (rules: LoadedRules) => Promise<void>,
): () => Promise<void> {
  let known = fingerprint(first);
  return repeatedly(async () => {
    const rules = await loadRules(path);
    const now = fingerprint(rules);
    if (now === known) return;
    known = now;
    await onChange(rules);
  }, everyMs);
}

/** What the rules mean and what is wrong with them; a comment changes neither. */
function fingerprint({ policies, problems }: LoadedRules): string {
  return createHash("sha256")
    .update(JSON.stringify([policies.map(({ hash }) => hash), problems]))
    .digest("hex");
}
