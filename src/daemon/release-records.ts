import type { RecordBody } from "../log/record.ts";
import type { Release, Revision } from "../releases/release.ts";
import type { RecordedRelease } from "./history-fold.ts";

/** What the log does not know yet about the release that is live. */
export function releaseRecords(
  policy: string,
  release: Release,
  recorded: RecordedRelease | undefined,
): readonly RecordBody[] {
  const isNew = recorded?.id !== release.id;
  const records: RecordBody[] = [];
  if (isNew && recorded?.target === release.target && !recorded.superseded) {
    records.push({ type: "release.superseded", policy, release: recorded.id, by: release.id });
  }
  if (isNew) records.push(observed(policy, release));
  if (release.clockAt !== undefined && (isNew || !recorded.ready)) {
    const clockAt = new Date(release.clockAt).toISOString();
    records.push({ type: "release.ready", policy, release: release.id, clockAt });
  }
  return records;
}

function observed(policy: string, release: Release): RecordBody {
  return {
    type: "release.observed",
    policy,
    release: release.id,
    target: release.target,
    ...named(release.revision),
    ...(release.previous && { previous: named(release.previous) }),
    startedAt: new Date(release.startedAt).toISOString(),
    cause: release.cause,
    quarantined: release.revision.standing === "quarantined",
  };
}

function named({ name, digest }: Revision): { readonly revision: string; readonly digest: string } {
  return { revision: name, digest };
}
