/** Longest name of a version. */
export const VERSION_LENGTH = 253;

/**
 * What a version may be called: it becomes an environment variable of a script, a line in a terminal and a part of the
 * release's id. So no control characters (C0, C1, NUL), no format characters (bidirectional overrides, zero-width
 * characters), no line or paragraph separators, no halves of surrogate pairs, and no white space around it.
 */
export const VERSION_PATTERN =
  "^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\s]([^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]*[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\s])?$";

const USABLE = new RegExp(VERSION_PATTERN, "u");
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export function isVersionName(name: string): boolean {
  return name.length <= VERSION_LENGTH && USABLE.test(name);
}

/** Why `name` cannot be the name of a version; the name itself is shown with its unseen characters escaped. */
export function unusableVersion(name: string): string {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  const quoted = `"${shown.replaceAll(UNSEEN, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)}"`;
  if (name === "") return "an empty text is no version";
  if (name.length > VERSION_LENGTH) return `${quoted} is longer than ${VERSION_LENGTH} characters`;
  return name.search(UNSEEN) === -1
    ? `${quoted} has white space around it`
    : `${quoted} has control or invisible characters`;
}
