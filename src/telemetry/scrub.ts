import type { Secret } from "../config/secret.ts";

/** Takes what must not be seen out of a text. */
export type Scrub = (text: string) => string;

/** A renewed secret file is noticed within this; what was a secret stays one. */
const REFRESH_MS = 5_000;

/** Anything shorter is found in innocent words. */
const SHORTEST = 6;
const SHORTEST_PATH = 16;

/** What looks like a secret although nobody configured it, and the part of it that may stay. */
const LOOKALIKES: readonly (readonly [RegExp, string])[] = [
  [/(\/services\/)[A-Z0-9]+\/[^\s"'\\)]+/gu, "$1"], // the path of a Slack webhook
  [/\b(Bearer|Basic) +[\w.~+/=-]{6,}/giu, "$1 "],
  [/(\w:\/\/)[^\s/@"'\\]+:[^\s/@"'\\]+(?=@)/gu, "$1"], // user:password@ in an address
];

/** Knows the configured secrets by value, wherever they turn up, and the usual shapes of others. */
export function createScrub(secrets: readonly Secret[], now: () => number): Scrub {
  const known = new Set<string>();
  let readAt = Number.NEGATIVE_INFINITY;
  return (text) => {
    if (now() - readAt >= REFRESH_MS) {
      readAt = now();
      for (const part of secrets.flatMap(partsOf)) known.add(part);
    }
    let clean = text;
    for (const value of known) clean = clean.replaceAll(value, "[secret]");
    for (const [shape, kept] of LOOKALIKES) clean = clean.replaceAll(shape, `${kept}[secret]`);
    return clean;
  };
}

/** An error often carries only the path of the address that was called. As they are, and as JSON writes them. */
function partsOf(secret: Secret): string[] {
  const value = secret();
  if (value === undefined || value.length < SHORTEST) return [];
  const path = URL.canParse(value) ? new URL(value).pathname : "";
  const parts = path.length < SHORTEST_PATH ? [value] : [value, path];
  return parts.flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
}
