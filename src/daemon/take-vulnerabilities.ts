import { imagesUsed } from "../releases/release.ts";
import { identityOf, type ImageIdentity, type ImageReport, isSameImage } from "../signals/image-report.ts";
import { readTrivyReport } from "../signals/trivy-report.ts";
import type { Commands } from "./commands.ts";
import type { Handled } from "./manual-rollback.ts";
import type { PostedReports } from "./posted-reports.ts";
import type { RecordInLog } from "./ports.ts";
import { UNWRITABLE } from "./refusals.ts";

export interface TakePorts {
  readonly posted: PostedReports;
  readonly record: RecordInLog;
  readonly running: () => readonly Handled[];
  readonly now: () => number;
}

/** Takes a report that somebody sends: on record first, then kept, and from then on it counts. */
export function takeVulnerabilities(ports: TakePorts): Commands["vulnerabilities"] {
  return async ({ report: body, image }, by) => {
    const read = readTrivyReport(body, image);
    if (!read.ok) return { ok: false, kind: "invalid", detail: read.detail };
    const at = ports.now();
    const images = [...read.report.image.tags, ...read.report.image.manifests];
    const found = countBySeverity(read.report);
    const record = await ports.record({ type: "vulnerabilities.received", by, images, found });
    if (record === undefined) return UNWRITABLE;
    const origin = `sent by ${by} at ${new Date(at).toISOString()}`;
    // A scan from the future would count as newer than any that comes.
    const scannedAt = Math.min(read.report.scannedAt ?? at, at);
    const report: ImageReport = { source: "posted", origin, knownAt: at, ...read.report, scannedAt };
    let newer: ImageReport | undefined;
    try {
      newer = await ports.posted.add(report);
    } catch (error) {
      const detail = `The report could not be kept and does not count: ${(error as Error).message}. Free space, then send it again.`;
      return { ok: false, kind: "unavailable", detail };
    }
    return {
      ok: true,
      images,
      found,
      policies: runIn(read.report.image, ports),
      ...(newer && { newerScan: new Date(newer.scannedAt).toISOString() }),
    };
  };
}

function countBySeverity({ vulnerabilities }: Pick<ImageReport, "vulnerabilities">): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of vulnerabilities) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** The policies whose trigger will look at it, because such an image runs. */
function runIn(image: ImageIdentity, { running }: TakePorts): readonly string[] {
  return running().flatMap(({ policy, watch }) => {
    const lookup = watch.current();
    const asks = policy.triggers.some(({ kind }) => kind === "vulnerability");
    if (!asks || !lookup.ok) return [];
    const used = imagesUsed(lookup.snapshot.release.revision);
    return used.some((each) => isSameImage(image, identityOf(each))) ? [policy.name] : [];
  });
}
