import { groupSnapshot } from "./group-snapshot.ts";
import type { Members } from "./group.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { TargetSnapshot } from "./release.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Several targets followed as one. It is seen when each of them is. `logged`: its releases, oldest first. */
export function watchGroup(
  target: string,
  members: Members<TargetWatch>,
  logged: () => readonly LoggedRelease[] = () => [],
): TargetWatch {
  const watches = [...members.values()];
  return {
    current: () => {
      const looks = [...members].map(([name, watch]) => [name, watch.current()] as const);
      return together(target, new Map(looks), logged());
    },
    reread: async () => {
      const looks = [...members].map(async ([name, watch]) => [name, await watch.reread()] as const);
      return together(target, new Map(await Promise.all(looks)), logged());
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

function together(target: string, lookups: Members<Lookup>, logged: readonly LoggedRelease[]): Lookup {
  const snapshots = new Map<string, TargetSnapshot>();
  let stale: Extract<Lookup, { ok: true }>["stale"];
  for (const [name, lookup] of lookups) {
    if (!lookup.ok) return lookup;
    snapshots.set(name, lookup.snapshot);
    if (lookup.stale && !(stale && stale.since <= lookup.stale.since)) stale = lookup.stale;
  }
  const snapshot = groupSnapshot(target, snapshots, logged);
  if (snapshot === undefined)
    return { ok: false, reason: "not-found", detail: `${target} names no Deployment` };
  return { ok: true, snapshot, ...(stale && { stale }) };
}
