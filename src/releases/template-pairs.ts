import { differing } from "./group.ts";
import type { Subject, TemplatePair } from "./release-context.ts";
import type { TargetWatch } from "./watch.ts";

type Watched = Pick<TargetWatch, "current">;

/** Of a target that runs one template. */
export function pairOf(watch: Watched) {
  return ({ revision, previous }: Subject): readonly TemplatePair[] => [
    { part: "", ...templatesIn(watch, revision.digest, previous?.digest) },
  ];
}

/** Of each member of a group that the release changed. */
export function pairsOfMembers(members: ReadonlyMap<string, Watched>) {
  return ({ revision, previous }: Subject): readonly TemplatePair[] =>
    Object.entries(differing(revision, previous ?? {}) ?? {}).flatMap(([part, { digest }]) => {
      const watch = members.get(part);
      const before = previous?.members?.[part]?.digest;
      return watch === undefined ? [] : [{ part, ...templatesIn(watch, digest, before) }];
    });
}

function templatesIn({ current }: Watched, now: string, earlier: string | undefined) {
  const lookup = current();
  const templates = lookup.ok ? lookup.snapshot.templates : undefined;
  return {
    after: templates?.get(now),
    before: earlier === undefined ? undefined : templates?.get(earlier),
  };
}
