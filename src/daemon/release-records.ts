import type { RecordBody } from "../log/record.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import { recorded, type Release } from "../releases/release.ts";
import type { RecordedRelease } from "./history-fold.ts";

/** Who told of a release and what they added, or who else has a say in it. */
interface Said {
  readonly owners?: readonly GitOpsOwner[];
  readonly by?: string;
  readonly note?: string;
}

/** What the log does not know yet about the release that is live. */
export function releaseRecords(
  policy: string,
  release: Release,
  recorded: RecordedRelease | undefined,
  said: Said = {},
): readonly RecordBody[] {
  const isNew = recorded?.id !== release.id;
  const records: RecordBody[] = [];
  if (isNew && recorded?.target === release.target && !recorded.superseded) {
    records.push({ type: "release.superseded", policy, release: recorded.id, by: release.id });
  }
  if (isNew) records.push(observed(policy, release, said));
  if (release.clockAt !== undefined && (isNew || !recorded.ready)) {
    const clockAt = new Date(release.clockAt).toISOString();
    records.push({ type: "release.ready", policy, release: release.id, clockAt });
  }
  return records;
}

function observed(policy: string, release: Release, said: Said): RecordBody {
  return {
    type: "release.observed",
    policy,
    release: release.id,
    target: release.target,
    ...recorded(release.revision),
    ...(release.previous && { previous: recorded(release.previous) }),
    startedAt: new Date(release.startedAt).toISOString(),
    cause: release.cause,
    quarantined: release.revision.standing === "quarantined",
    ...(release.isTold && { told: true }),
    ...(release.writtenBy !== undefined && { writtenBy: release.writtenBy }),
    ...said,
  };
}
