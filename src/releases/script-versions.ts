import type { InstantSeries, RangeSeries } from "../signals/query.ts";
import type { VersionsAt } from "./script-snapshot.ts";
import { isVersionName } from "./version-name.ts";

/**
 * What a series of a release expression calls the version: its label's value; `k=v,k=v` where it has several
 * labels; the value itself where it has none, unless that is no number.
 */
export function versionName(labels: Readonly<Record<string, string>>, value: number): string | undefined {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const [first, ...others] = pairs;
  if (first === undefined) return Number.isFinite(value) ? String(value) : undefined;
  return others.length === 0 ? first[1] : pairs.map(([label, text]) => `${label}=${text}`).join(",");
}

export function versionsOf(series: readonly InstantSeries[], at: number): VersionsAt {
  const names = series.map(({ labels, value }) => versionName(labels, value));
  return seenAt(at, names);
}

/** One entry for each slot of the grid (epoch ms, inclusive), oldest first. */
export function versionsOver(
  series: readonly RangeSeries[],
  grid: { readonly from: number; readonly to: number; readonly stepMs: number },
): readonly VersionsAt[] {
  const bySlot = new Map<number, string[]>();
  for (const { labels, points } of series) {
    for (const { at, value } of points) {
      const name = versionName(labels, value);
      if (name !== undefined) bySlot.set(at, [...(bySlot.get(at) ?? []), name]);
    }
  }
  const slots = Math.floor((grid.to - grid.from) / grid.stepMs) + 1;
  return Array.from({ length: slots }, (_, index) => {
    const at = grid.from + index * grid.stepMs;
    return seenAt(at, bySlot.get(at) ?? []);
  });
}

/** With one name that cannot be a version's, what runs is not known, whatever else there is. */
function seenAt(at: number, names: readonly (string | undefined)[]): VersionsAt {
  const versions = distinct(names);
  const unusable = versions.find((name) => !isVersionName(name));
  return unusable === undefined ? { at, versions } : { at, versions: [], unusable };
}

function distinct(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined))].toSorted();
}
