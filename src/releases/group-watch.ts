import { groupSnapshot } from "./group-snapshot.ts";
import type { Members } from "./group.ts";
import type { TargetSnapshot } from "./release.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Several targets followed as one. It is seen when each of them is. */
export function watchGroup(target: string, members: Members<TargetWatch>): TargetWatch {
  const watches = [...members.values()];
  return {
    current: () => together(target, new Map([...members].map(([name, watch]) => [name, watch.current()]))),
    reread: async () => {
      const looks = [...members].map(async ([name, watch]) => [name, await watch.reread()] as const);
      return together(target, new Map(await Promise.all(looks)));
    },
    onChange: (listener) => {
      const ends = watches.map((watch) => watch.onChange(listener));
      return () => {
        for (const end of ends) end();
      };
    },
    stop: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

function together(target: string, lookups: Members<Lookup>): Lookup {
  const snapshots = new Map<string, TargetSnapshot>();
  let stale: Extract<Lookup, { ok: true }>["stale"];
  for (const [name, lookup] of lookups) {
    if (!lookup.ok) return lookup;
    snapshots.set(name, lookup.snapshot);
    if (lookup.stale && !(stale && stale.since <= lookup.stale.since)) stale = lookup.stale;
  }
  const snapshot = groupSnapshot(target, snapshots);
  if (snapshot === undefined)
    return { ok: false, reason: "not-found", detail: `${target} names no Deployment` };
  return { ok: true, snapshot, ...(stale && { stale }) };
}
