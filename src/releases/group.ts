import { createHash } from "node:crypto";
import type { MemberRevision, Revision } from "./release.ts";

/** By the name of the Deployment. */
export type Members<T> = ReadonlyMap<string, T>;

type Grouped = Pick<Revision, "members">;

/** Identity of what a group runs: SHA-256, hex, over its members' names and digests in the order of the names. */
export function groupDigest(digests: Members<string>): string {
  return createHash("sha256").update(sortedText(digests)).digest("hex");
}

/** Changes when any member was deleted and made again. */
export function groupUid(uids: Members<string>): string {
  return sortedText(uids);
}

/** What `groupUid` was made of: no name or uid has a comma or an equals sign. */
export function memberUids(uid: string): Members<string> {
  return new Map(
    uid.split(",").map((member) => {
      const [name = "", of = ""] = member.split("=");
      return [name, of];
    }),
  );
}

/** The members that do not run the same in both, as the first has them; undefined where it is no group. */
export function differing(one: Grouped, other: Grouped): Grouped["members"] {
  if (one.members === undefined) return undefined;
  const different = Object.entries(one.members).filter(
    ([name, { digest }]) => digest !== other.members?.[name]?.digest,
  );
  return Object.fromEntries(different);
}

/** Each member runs what it does in one of the two: a group on its way from one to the other. */
export function isBetween({ members = {} }: Grouped, one: Grouped, other: Grouped): boolean {
  const runs = (name: string, { digest }: MemberRevision): boolean =>
    [one, other].some(({ members: of }) => of?.[name]?.digest === digest);
  const all = Object.entries(members);
  return all.length > 0 && all.every(([name, member]) => runs(name, member));
}

function sortedText(values: Members<string>): string {
  return [...values]
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}
