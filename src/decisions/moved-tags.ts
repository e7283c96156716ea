import type { Revision } from "../releases/release.ts";

/** A tag that is moved to each new image, or none, which means the same. */
const MOVING = /(^|\/)[^/:@]+(:latest)?$/u;

type Pulling = Pick<Revision, "name" | "images" | "pulled" | "lastPulled">;

/** What people are to know where an image is named by a tag that may mean other bits by now, a sentence each. */
export function movedTags(from: Pulling, to: Pulling): readonly string[] {
  const before = new Set(Object.values(from.images));
  const images = [...new Set(Object.values(to.images))].filter((image) => !image.includes("@"));
  return images.flatMap((image) => (before.has(image) ? inBoth(image, from, to) : inOne(image, to)));
}

function inBoth(image: string, from: Pulling, to: Pulling): readonly string[] {
  const [now, then] = [from.pulled?.[image] ?? [], to.lastPulled?.[image] ?? []];
  const isKnown = now.length > 0 && then.length > 0;
  if (isKnown && now.some((id) => then.includes(id))) return [];
  if (isKnown) {
    return [
      `Both revisions name ${image}, and that tag moved: pods of ${to.name} ran ${shown(then)}, pods of ${from.name} ` +
        `run ${shown(now)}. The rollback may give the bits of ${from.name} again: deploy the earlier image by its digest.`,
    ];
  }
  if (!MOVING.test(image)) return [];
  return [
    `Both revisions name ${image}, a tag that may have moved: the rollback may give the same bits as ${from.name}. ` +
      "Where it does not help, deploy the earlier image by its digest.",
  ];
}

function inOne(image: string, to: Pulling): readonly string[] {
  return MOVING.test(image)
    ? [
        `${to.name} names ${image}, a tag that may have moved: its pods may get other bits than they ran before.`,
      ]
    : [];
}

/** `sha256:0f3a…` of `registry/app@sha256:0f3a…`. */
function shown(ids: readonly string[]): string {
  return ids.map((id) => `${/sha256:[0-9a-f]{12}/u.exec(id)?.[0] ?? id}…`).join(", ");
}
