import { expect } from "vitest";
import type { Release } from "../../src/releases/release.ts";

/** The same release after a restart: a ReplicaSet more runs it. */
export function alsoInNewPods(release: Release): Release {
  const runsIn = expect.any(Object) as NonNullable<Release["revision"]["runsIn"]>;
  return { ...release, revision: { ...release.revision, runsIn } };
}
