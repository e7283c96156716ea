import { afterAll, beforeAll, expect, it } from "vitest";
import { vulnerabilityReport } from "../support/vulnerabilities.ts";
import { type Api, connect } from "./api.ts";
import {
  APPLICATION,
  createResource,
  type CustomResource,
  defineResources,
  HELM_RELEASE,
  KUSTOMIZATION,
  VULNERABILITY_REPORT,
} from "./custom-resources.ts";
import { createNamespace } from "./namespace.ts";
import { describeOnCluster } from "./shared.ts";

const SCAN = {
  replicaSet: "api-1",
  container: "api",
  repository: "library/api",
  updatedAt: "2026-03-02T09:00:00Z",
};
const REPORT = vulnerabilityReport(SCAN).report;
const KEPT = { interval: "1m", prune: true, sourceRef: { kind: "GitRepository", name: "apps" } };
const SYNCED = { project: "default", destination: { server: "https://kubernetes.default.svc" } };

describeOnCluster("a custom resource of another tool", (kubeconfig) => {
  let api: Api;
  let namespace: string;
  beforeAll(async () => {
    api = connect(kubeconfig);
    namespace = await createNamespace(api, "custom");
    await defineResources(api, [APPLICATION, KUSTOMIZATION, HELM_RELEASE, VULNERABILITY_REPORT]);
  });
  afterAll(async () => {
    await api.remove(`/api/v1/namespaces/${namespace}`);
    await api.close();
  });
  const create = (resource: CustomResource, body: object): Promise<void> =>
    createResource(api, resource, namespace, { metadata: { name: "one" }, ...body });

  it.each<readonly [string, CustomResource, object, string]>([
    ["an Application without a project", APPLICATION, { spec: { destination: {} } }, "spec.project"],
    [
      "an Application whose automated sync is a text",
      APPLICATION,
      { spec: { ...SYNCED, syncPolicy: { automated: "yes" } } },
      "spec.syncPolicy.automated",
    ],
    [
      "a Kustomization without an interval",
      KUSTOMIZATION,
      { spec: { ...KEPT, interval: undefined } },
      "spec.interval",
    ],
    [
      "a Kustomization whose interval has no unit",
      KUSTOMIZATION,
      { spec: { ...KEPT, interval: "60" } },
      "spec.interval",
    ],
    [
      "a HelmRelease with an unknown mode of drift detection",
      HELM_RELEASE,
      { spec: { interval: "1m", driftDetection: { mode: "on" } } },
      "spec.driftDetection.mode",
    ],
    [
      "a VulnerabilityReport with an unknown severity",
      VULNERABILITY_REPORT,
      { report: vulnerabilityReport({ ...SCAN, found: [{ id: "CVE-2026-1", severity: "SEVERE" }] }).report },
      "severity",
    ],
    [
      "a VulnerabilityReport without a time of scanning",
      VULNERABILITY_REPORT,
      { report: { ...REPORT, updateTimestamp: undefined } },
      "report.updateTimestamp",
    ],
  ])("is refused by the API server when it is %s", async (_, resource, body, field) => {
    await expect(create(resource, body)).rejects.toThrow(new RegExp(`HTTP 422: .*${field}`, "u"));
  });
});
