import { readImageName } from "../signals/image-name.ts";

/** A revision as a record has it. */
export interface Versioned {
  readonly revision: string;
  /** By container; not there where the target has none, and in older records. */
  readonly images?: Readonly<Record<string, string>> | undefined;
}

/** More are in the log. */
const MAX_IMAGES = 2;

/**
 * What people call a revision, beside another one: the tag of the image in which they differ, `1.4.2`. The number of a
 * revision alone says nothing, and changes when it is put back; it is shown with the images where no tag tells.
 */
export function versionOf(one: Versioned, other?: Versioned): string {
  const before = new Set(Object.values(other?.images ?? {}).map(tagOf));
  const tags = new Set(differing(one, other).map(tagOf));
  const [tag] = tags;
  if (tags.size === 1 && tag !== undefined && tag !== "latest" && !before.has(tag)) return tag;
  const images = [...new Set(Object.values(one.images ?? {}))].map(shortImage);
  const more = images.length > MAX_IMAGES ? ` and ${images.length - MAX_IMAGES} more` : "";
  const shown = images.slice(0, MAX_IMAGES).join(", ");
  return shown === "" ? numbered(one.revision) : `${numbered(one.revision)} (${shown}${more})`;
}

/** `revision 7`; other names, such as `v2`, stand for themselves. */
export function numbered(name: string): string {
  return /^\d+$/u.test(name) ? `revision ${name}` : name;
}

function differing({ images = {} }: Versioned, other: Versioned | undefined): readonly string[] {
  const changed = Object.entries(images).filter(([container, image]) => other?.images?.[container] !== image);
  return changed.map(([, image]) => image);
}

function tagOf(image: string): string | undefined {
  return readImageName(image)?.tag;
}

/** `registry.example/shop/api:1.4.2` → `api:1.4.2`; of a digest the first digits. */
function shortImage(image: string): string {
  return image.replace(/^.*\//u, "").replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/u, "$1");
}
