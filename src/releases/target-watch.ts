import { KubeError } from "../kubernetes/error.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import type { Sighting, TargetObjects } from "./sighting.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

interface WatchParts<View> {
  /** What the policy names. */
  readonly ref: ResourceRef;
  readonly follow: (onChange: () => void) => TargetObjects<View>;
  /** Asks the API server now. Throws KubeError. */
  readonly read: () => Promise<View>;
  readonly lookupOf: (view: View) => Lookup;
  /** Told of everything that was seen, before anybody asks about it. */
  readonly remember: (view: View) => void;
}

/** Follows the objects of a target in a cluster. What was last seen stays while the API server is away. */
export function watchTarget<View>({ ref, follow, read, lookupOf, remember }: WatchParts<View>): TargetWatch {
  const listeners = new Set<() => void>();
  const objects = follow(() => {
    const seen = objects.lastSeen();
    if (seen.kind === "seen") remember(seen.view);
    for (const listener of listeners) listener();
  });
  return {
    current: () => {
      const lookup = lookupOfSighting(objects.lastSeen(), ref, lookupOf);
      const staleness = objects.staleness();
      if (!lookup.ok || staleness === undefined) return lookup;
      return { ...lookup, stale: { since: staleness.since, detail: staleness.error.message } };
    },
    reread: async () => {
      try {
        return lookupOf(await read());
      } catch (error) {
        if (error instanceof KubeError) return failed(error);
        throw error;
      }
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      listeners.clear();
      await objects.stop();
    },
  };
}

function lookupOfSighting<View>(
  seen: Sighting<View>,
  ref: ResourceRef,
  lookupOf: (view: View) => Lookup,
): Lookup {
  switch (seen.kind) {
    case "seen":
      return lookupOf(seen.view);
    case "absent": {
      const detail = `There is no ${describe(ref)}. Check the names in the policy's target.`;
      return { ok: false, reason: "not-found", detail };
    }
    case "not-read":
      return seen.error === undefined
        ? { ok: false, reason: "unreachable", detail: "The API server has not been read yet." }
        : failed(seen.error);
  }
}

function failed(error: KubeError): Lookup {
  const reason = error.kind === "not-found" || error.kind === "forbidden" ? error.kind : "unreachable";
  return { ok: false, reason, detail: error.message };
}
