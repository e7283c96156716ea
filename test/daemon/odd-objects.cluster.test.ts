import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClusterReports } from "../../src/daemon/cluster-reports.ts";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import { suspendOwners } from "../../src/rollback/gitops/suspend.ts";
import { type Api, connect as connectAsHarness } from "../cluster/api.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import {
  APPLICATION,
  createResource,
  type CustomResource,
  defineResources,
  KUSTOMIZATION,
  VULNERABILITY_REPORT,
  withoutSchema,
} from "../cluster/custom-resources.ts";
import { createNamespace } from "../cluster/namespace.ts";
import { describeOnOwnControlPlane } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { release } from "../support/model.ts";
import { vulnerabilityReport } from "../support/vulnerabilities.ts";
import { order } from "../verification/situation.ts";

const RESOURCES = [APPLICATION, KUSTOMIZATION, VULNERABILITY_REPORT];
const SCAN = { replicaSet: "api-1", repository: "library/api", updatedAt: "2026-03-02T09:00:00Z" };

describeOnOwnControlPlane("custom resources of another version than rollbackd knows", () => {
  let controlPlane: ControlPlane;
  let harness: Api;
  let api: KubeApi;
  let namespace: string;
  let disconnect: () => Promise<void>;
  beforeAll(async () => {
    controlPlane = await startControlPlane();
    harness = connectAsHarness(controlPlane.kubeconfig);
    namespace = await createNamespace(harness, "odd");
    const connection = await connect(controlPlane.kubeconfig);
    api = kubeApi(connection);
    disconnect = async () => void (await Promise.all([harness.close(), connection.close()]));
    await defineResources(harness, RESOURCES.map(withoutSchema));
  });
  afterAll(async () => {
    await disconnect();
    await controlPlane.stop();
  });
  const create = (resource: CustomResource, name: string, body: object): Promise<void> =>
    createResource(harness, withoutSchema(resource), namespace, { metadata: { name }, ...body });

  it("VulnerabilityReports that cannot be read are left out with a warning and the others still count", async () => {
    const good = vulnerabilityReport({ ...SCAN, container: "good", tag: "v1" });
    await create(VULNERABILITY_REPORT, "good", { report: good.report });
    await create(VULNERABILITY_REPORT, "text", { report: "clean" });
    await create(VULNERABILITY_REPORT, "nulls", { report: { ...good.report, vulnerabilities: [null] } });
    await create(VULNERABILITY_REPORT, "number", { report: { artifact: { repository: 7 } } });
    const lines: string[] = [];
    const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg);
    const reports = createClusterReports({ logger: pino({ level: "warn" }, { write }), now: Date.now });
    const joined = reports.join(api, namespace);
    await eventually("the readable report is known", () =>
      expect(joined.known()).toMatchObject({
        unread: undefined,
        reports: [{ origin: "VulnerabilityReport good" }],
      }),
    );
    await create(VULNERABILITY_REPORT, "late", { report: { ...good.report, vulnerabilities: {} } });
    await eventually("a warning for each", () => expect(lines).toHaveLength(4));
    await joined.leave();
    expect(lines.toSorted().map((line) => line.slice(0, 60))).toEqual([
      expect.stringContaining("VulnerabilityReport late cannot be read"),
      expect.stringContaining("VulnerabilityReport nulls cannot be read"),
      expect.stringContaining("VulnerabilityReport number cannot be read"),
      expect.stringContaining("VulnerabilityReport text cannot be read"),
    ]);
    expect(lines.join("\n")).toContain(`kubectl -n ${namespace} get vulnerabilityreport late -o yaml`);
  });

  it.each([
    ["an Application without a spec", APPLICATION, {}, "must have required property 'spec'"],
    ["a sync policy that is a text", APPLICATION, { spec: { syncPolicy: "auto" } }, "/spec/syncPolicy"],
    [
      "an automated sync that is a flag",
      APPLICATION,
      { spec: { syncPolicy: { automated: true } } },
      "/automated",
    ],
    ["a Kustomization without a spec", KUSTOMIZATION, {}, "must have required property 'spec'"],
    ["a suspension that is a text", KUSTOMIZATION, { spec: { suspend: "true" } }, "/spec/suspend"],
  ])("the target is not rolled back while its owner is %s", async (what, resource, body, place) => {
    const name = what.replaceAll(/[^a-z]/gu, "");
    await create(resource, name, body);
    const tool = resource === APPLICATION ? "argocd" : "flux-kustomization";
    const owner: GitOpsOwner = { tool, name, namespace, seenIn: "label" };
    const target = `${namespace}/api`;
    const rollout = { complete: true, stalled: false, detail: "" };
    const snapshot = { target, uid: "u", release: release(), earlier: [], rollbacks: [], rollout };
    const reread = async () => ({ ok: true, snapshot: { ...snapshot, owners: [owner] } }) as const;
    const prepare = suspendOwners({ api, reread, argocdNamespace: namespace });
    const prepared = await prepare(order({ target }), new AbortController().signal);
    expect(prepared).toMatchObject({ kind: "failed", reason: "gitops-not-suspended", suspended: [] });
    expect(prepared.kind === "failed" && prepared.detail).toContain(place);
    expect(prepared.kind === "failed" && prepared.detail).toContain("Suspend it by hand.");
  });
});
