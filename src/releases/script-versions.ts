import type { InstantSeries, RangeSeries } from "../signals/query.ts";
import type { Unusable, VersionsAt } from "./script-snapshot.ts";
import { isVersionName } from "./version-name.ts";

/** What one series says of the version: exactly one label names it. */
function versionIn(labels: Readonly<Record<string, string>>): string | Unusable {
  const [first, ...others] = Object.entries(labels);
  if (first !== undefined && others.length === 0) return first[1];
  return { labels: Object.keys(labels).toSorted() };
}

export function versionsOf(series: readonly InstantSeries[], at: number): VersionsAt {
  return seenAt(
    at,
    series.map(({ labels }) => versionIn(labels)),
  );
}

/** One entry for each slot of the grid (epoch ms, inclusive), oldest first. */
export function versionsOver(
  series: readonly RangeSeries[],
  grid: { readonly from: number; readonly to: number; readonly stepMs: number },
): readonly VersionsAt[] {
  const bySlot = new Map<number, (string | Unusable)[]>();
  for (const { labels, points } of series) {
    const version = versionIn(labels);
    for (const { at } of points) bySlot.set(at, [...(bySlot.get(at) ?? []), version]);
  }
  const slots = Math.floor((grid.to - grid.from) / grid.stepMs) + 1;
  return Array.from({ length: slots }, (_, index) => {
    const at = grid.from + index * grid.stepMs;
    return seenAt(at, bySlot.get(at) ?? []);
  });
}

/** With one series that does not say its version, what runs is not known, whatever else there is. */
function seenAt(at: number, found: readonly (string | Unusable)[]): VersionsAt {
  const names = [...new Set(found.filter((one) => typeof one === "string"))].toSorted();
  const unusable = found.find((one) => typeof one !== "string") ?? badName(names);
  return unusable === undefined ? { at, versions: names } : { at, versions: [], unusable };
}

function badName(names: readonly string[]): Unusable | undefined {
  const name = names.find((one) => !isVersionName(one));
  return name === undefined ? undefined : { name };
}
