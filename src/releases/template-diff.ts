import type { PodTemplate } from "../kubernetes/objects.ts";
import type { Revision, TargetSnapshot } from "./release.ts";
import { type Leaf, leavesOf } from "./template-leaves.ts";

/** More than this nobody reads before they answer. */
const MOST_LINES = 100;

/**
 * What differs between two pod templates, a line each: `- containers.api.image: shop:2` goes, `+ …` comes, `~ …` means
 * another value that is not shown. Settings that may hold a secret are told by name alone. Empty where nothing differs,
 * and where one of the two is not known.
 */
export function templateDiff(from: PodTemplate | undefined, to: PodTemplate | undefined): readonly string[] {
  if (from === undefined || to === undefined) return [];
  const [before, after] = [leavesOf(from), leavesOf(to)];
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const lines = paths.flatMap((path) => change(path, before.get(path), after.get(path)));
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more lines`];
}

/** Between two revisions, by the templates that are known; of a group, each line with its member. */
export function revisionDiff(
  templates: TargetSnapshot["templates"],
  from: Pick<Revision, "digest" | "members">,
  to: Pick<Revision, "digest" | "members">,
): readonly string[] {
  if (from.members === undefined) return templateDiff(templates?.get(from.digest), templates?.get(to.digest));
  return Object.entries(from.members).flatMap(([name, { digest }]) => {
    const other = to.members?.[name]?.digest;
    const lines = templateDiff(
      templates?.get(digest),
      other === undefined ? undefined : templates?.get(other),
    );
    return lines.map((line) => line.replace(" ", ` ${name}: `));
  });
}

function change(path: string, before: Leaf | undefined, after: Leaf | undefined): readonly string[] {
  if (before?.text === after?.text) return [];
  if (before?.secret === true && after?.secret === true) return [`~ ${path} (values are not shown)`];
  return [...(before ? [line("-", path, before)] : []), ...(after ? [line("+", path, after)] : [])];
}

function line(mark: "-" | "+", path: string, { text, secret }: Leaf): string {
  const value = secret ? " (value is not shown)" : text === "" ? "" : `: ${printable(text)}`;
  return `${mark} ${printable(path)}${value}`;
}

/** What was typed into a manifest must not steer the terminal of whoever reads it. */
function printable(text: string): string {
  return /\p{Cc}/u.test(text) ? JSON.stringify(text) : text;
}
