import type { Path } from "./document.ts";

interface Planned {
  /** The key of the list or map that it belongs to. */
  readonly under: readonly string[];
  readonly instead: string;
}

const BY_SCRIPT = {
  under: ["target"],
  instead: "Use `script: true`, with a script that puts the earlier version back.",
};

/**
 * Parts of the rules format, and kinds of targets, that this version cannot do. They are refused by name: an author who reads about them
 * must not be told that there is no such key, and a rule must never seem to be in force when it is not.
 */
const PLANNED: Readonly<Record<string, Planned>> = {
  targets: { under: ["policies"], instead: "Write one policy with `target` for each Deployment." },
  daemonsets: BY_SCRIPT,
  replicasets: BY_SCRIPT,
  jobs: BY_SCRIPT,
  cronjobs: BY_SCRIPT,
  rollouts: BY_SCRIPT,
};

/** True for a part of the format, at its place in the file, that is known and cannot be done. */
export function isPlanned(key: string, parent: Path): boolean {
  const place = parent.findLast((step) => !/^\d+$/.test(String(step)));
  return Object.hasOwn(PLANNED, key) && PLANNED[key]?.under.some((each) => each === place) === true;
}

export function plannedMessage(key: string): string {
  return `\`${key}\` is not supported by this version. ${PLANNED[key]?.instead ?? ""}`.trimEnd();
}
