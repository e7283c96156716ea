import type { Logger } from "pino";
import type { KubeApi } from "../kubernetes/api.ts";
import { type Follow, follow, type FollowStatus, type Pace } from "../kubernetes/follow.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import type { ImageReport, KnownReports } from "../signals/image-report.ts";
import { readReportObject } from "../signals/vulnerability-report.ts";

/** What Trivy Operator reports, one namespace for all policies that ask for it. */
export interface ClusterReports {
  /** Follows the reports of the namespace from the first that joins to the last that leaves. */
  readonly join: (api: KubeApi, namespace: string) => NamespaceReports;
}

export interface NamespaceReports {
  readonly known: () => KnownReports;
  readonly leave: () => Promise<void>;
}

export interface ClusterReportsPorts {
  readonly logger: Pick<Logger, "info" | "warn">;
  /** Epoch ms. */
  readonly now: () => number;
  readonly pace?: Pace;
}

/** What is kept of one, in the place of all its prose. */
interface Kept extends KubeObject {
  readonly report: ImageReport | undefined;
}

interface Followed {
  readonly reports: Follow<Kept>;
  members: number;
}

/** One report takes up to a megabyte; parsing many at once would hold up everything else. */
const PAGE_SIZE = 10;
/** A cluster without Trivy Operator is asked now and then whether it has it by now. */
const PACE: Pace = { minBackoffMs: 200, maxBackoffMs: 30_000, watchSeconds: 300, idleMs: 100_000 };

export function createClusterReports({ logger, now, pace = PACE }: ClusterReportsPorts): ClusterReports {
  const followed = new Map<string, Followed>();

  const start = (api: KubeApi, namespace: string): Followed => {
    const reports = follow<Kept>({
      api,
      ref: { group: "aquasecurity.github.io", resource: "vulnerabilityreports", namespace },
      selection: {},
      keep: keepReadable(namespace, logger),
      pageSize: PAGE_SIZE,
      onChange: () => undefined,
      onStatus: logChanges(namespace, logger),
      now,
      pace,
    });
    return { reports, members: 0 };
  };

  return {
    join: (api, namespace) => {
      const shared = followed.get(namespace) ?? start(api, namespace);
      followed.set(namespace, shared);
      shared.members += 1;
      return {
        known: () => knownOf(shared.reports),
        leave: async () => {
          shared.members -= 1;
          if (shared.members > 0) return;
          followed.delete(namespace);
          await shared.reports.stop();
        },
      };
    },
  };
}

/** Keeps what can be read. Warns once of each version of an object that cannot. */
function keepReadable(
  namespace: string,
  logger: ClusterReportsPorts["logger"],
): (object: KubeObject) => Kept {
  const warned = new Map<string, string>();
  return (object) => {
    const { name, uid, resourceVersion, creationTimestamp } = object.metadata;
    const read = readReportObject(object);
    if (!read.ok && warned.get(name) !== resourceVersion) {
      warned.set(name, resourceVersion);
      logger.warn(
        { namespace },
        `VulnerabilityReport ${name} cannot be read and counts for nothing: ${read.detail}. ` +
          `Compare it with the schema of Trivy Operator: kubectl -n ${namespace} get vulnerabilityreport ${name} -o yaml`,
      );
    }
    return {
      metadata: { name, uid, resourceVersion, creationTimestamp },
      report: read.ok ? read.report : undefined,
    };
  };
}

/** What was last seen stays, also while it can no longer be read. */
function knownOf(reports: Follow<Kept>): KnownReports {
  const items = reports.items() ?? [];
  return { reports: items.flatMap(({ report }) => report ?? []), unread: whyUnread(reports.status()) };
}

function whyUnread(status: FollowStatus): string | undefined {
  switch (status.state) {
    case "synced":
      return undefined;
    case "starting":
      return "the VulnerabilityReports of the cluster have not been read yet";
    case "stale":
      return status.error.kind === "not-found"
        ? "the cluster has no VulnerabilityReports: install Trivy Operator, or send reports to /api/v1/vulnerabilities"
        : status.error.message;
  }
}

/** Told once for as long as it stays the same. */
function logChanges(
  namespace: string,
  logger: ClusterReportsPorts["logger"],
): (status: FollowStatus) => void {
  let told = "";
  return (status) => {
    const why = whyUnread(status);
    if (why !== undefined && why !== told) {
      logger.warn(
        { namespace },
        `vulnerabilities are known from reports that were sent alone: ${why}; it is tried again all the time`,
      );
    }
    if (why === undefined && told !== "") {
      logger.info({ namespace }, "the VulnerabilityReports of the cluster can be read again");
    }
    told = why ?? "";
  };
}
