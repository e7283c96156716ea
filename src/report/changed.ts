import { formatInstant } from "../text/format.ts";
import type { ReleaseContext } from "../releases/release-context.ts";
import type { Incident } from "./incident.ts";
import { fence, list, plain, section, table } from "./markdown.ts";

/** What came with the release, and what changed beside it. */
export function changed({ decision }: Incident): string {
  const { context } = decision;
  if (context === undefined) {
    return section(
      "What the release changed",
      "That is not on record: the target does not show what its releases are made of.",
    );
  }
  return [
    section("What the release changed", changesText(context)),
    section("ConfigMaps and Secrets changed lately", ...referencesText(context)),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function changesText({ changes }: ReleaseContext): string {
  if (changes === undefined) {
    return "That could not be seen: the pod template from before the release, or its own, was gone already.";
  }
  if (changes.length === 0) return "Nothing in its pod template differs from the one before.";
  return `What goes (-), what comes (+), and what has another value that may be a secret (~):\n\n${fence(changes.join("\n"), "diff")}`;
}

function referencesText({ references, unseen = [] }: ReleaseContext): readonly string[] {
  if (references === undefined) return [list(unseen.map(plain))];
  const { since, looked, changed: found } = references;
  if (looked === 0 && unseen.length === 0) return ["Its pods read none."];
  const of = `of ${looked} that its pods read`;
  const from = formatInstant(Date.parse(since));
  const rows = found.map(({ kind, name, at }) => [kind, plain(name), formatInstant(Date.parse(at))]);
  return [
    found.length === 0
      ? `None ${of} changed after ${from}.`
      : `${found.length} ${of} changed after ${from}. A rollback of code puts none of these back.`,
    rows.length === 0 ? "" : table(["kind", "name", "changed (UTC)"], rows),
    list(unseen.map(plain)),
  ];
}
