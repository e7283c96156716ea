import { createResource, defineResources, VULNERABILITY_REPORT } from "../cluster/custom-resources.ts";
import type { World } from "../cluster/world.ts";
import { type OperatorScan, vulnerabilityReport } from "../support/vulnerabilities.ts";

/** Writes what Trivy Operator writes after it has scanned an image, as a custom resource in the world's namespace. */
export async function createTrivyOperator({
  api,
  namespace,
}: World): Promise<(scan: OperatorScan) => Promise<void>> {
  await defineResources(api, [VULNERABILITY_REPORT]);
  return (scan) => createResource(api, VULNERABILITY_REPORT, namespace, vulnerabilityReport(scan));
}
