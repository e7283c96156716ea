import type { KubeApi } from "../kubernetes/api.ts";
import type { Policy } from "../rules/policy.ts";
import { type ImageReport, type KnownReports, NO_REPORTS } from "../signals/image-report.ts";
import type { ClusterReports } from "./cluster-reports.ts";

/** Where it is known from what is in images. */
export interface ReportSources {
  readonly cluster: ClusterReports;
  readonly posted: () => readonly ImageReport[];
}

/** What one policy knows of images, for as long as it runs. */
export interface PolicyReports {
  readonly known: () => KnownReports;
  readonly stop: () => Promise<void>;
}

/** Nothing is read for a policy that does not ask. */
export function reportsFor(
  { target, triggers }: Pick<Policy, "target" | "triggers">,
  { cluster, posted }: ReportSources,
  kube: KubeApi | undefined,
): PolicyReports {
  const asks = triggers.some(({ kind }) => kind === "vulnerability");
  const where = "namespace" in target ? target.namespace : undefined;
  if (!asks || where === undefined || kube === undefined) {
    return { known: () => NO_REPORTS, stop: async () => undefined };
  }
  const namespace = cluster.join(kube, where);
  return {
    known: () => {
      const { reports, unread } = namespace.known();
      return { reports: [...reports, ...posted()], unread };
    },
    stop: namespace.leave,
  };
}
