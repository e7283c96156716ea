import { describe, expect, test } from "vitest";
import type { KubeObject, ManagedFields, ObjectMeta } from "../../src/kubernetes/objects.ts";
import { gitOpsOwners } from "../../src/releases/gitops-detect.ts";
import { editCommand, ownerText } from "../../src/releases/gitops-owner.ts";
import { templateWriters } from "../../src/releases/template-writer.ts";

function object(meta: Partial<ObjectMeta> = {}): KubeObject {
  const metadata = {
    name: "shop",
    namespace: "web",
    uid: "u1",
    resourceVersion: "1",
    creationTimestamp: "2026-03-02T10:00:00Z",
    ...meta,
  };
  return { metadata };
}

const wrote = (
  manager: string,
  time: string,
  field: "template" | "replicas" = "template",
): ManagedFields => ({
  manager,
  time: `2026-03-02T${time}Z`,
  fieldsV1: { "f:spec": { [`f:${field}`]: {} } },
});
const HELM_LABEL = { "app.kubernetes.io/managed-by": "Helm" };
const HELM = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "web" };
const tracking = (id: string) => ({ "argocd.argoproj.io/tracking-id": id });
const kustomized = {
  "kustomize.toolkit.fluxcd.io/name": "apps",
  "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
};

describe("who keeps an object as it is elsewhere", () => {
  test.each<[string, Partial<ObjectMeta>, string]>([
    [
      "Argo CD's tracking annotation",
      { annotations: tracking("shop:apps/Deployment:web/shop") },
      "Argo CD application shop",
    ],
    [
      "that of a StatefulSet",
      { name: "statefulset/db", annotations: tracking("shop:apps/StatefulSet:web/db") },
      "Argo CD application shop",
    ],
    [
      "that of an Application in another namespace",
      { annotations: tracking("team-a_shop:apps/Deployment:web/shop") },
      "Argo CD application team-a/shop",
    ],
    [
      "Argo CD's own label",
      { labels: { "argocd.argoproj.io/instance": "shop" } },
      "Argo CD application shop",
    ],
    [
      "the same as an annotation",
      { annotations: { "argocd.argoproj.io/instance": "shop" } },
      "Argo CD application shop",
    ],
    ["Flux's labels of a Kustomization", { labels: kustomized }, "Flux Kustomization flux-system/apps"],
    [
      "Flux's labels of a HelmRelease, which a Helm release has, too",
      {
        labels: {
          ...HELM_LABEL,
          "helm.toolkit.fluxcd.io/name": "shop",
          "helm.toolkit.fluxcd.io/namespace": "apps",
        },
        annotations: HELM,
      },
      "Flux HelmRelease apps/shop",
    ],
    ["Helm alone", { labels: HELM_LABEL, annotations: HELM }, "Helm release web/shop"],
    [
      "the controller that wrote the template",
      { managedFields: [wrote("kustomize-controller", "10:00:00")] },
      "Flux",
    ],
    [
      "Argo CD's controller, with the label that it tracks by unless it is set up otherwise",
      {
        labels: { "app.kubernetes.io/instance": "shop" },
        managedFields: [wrote("argocd-controller", "10:00:00")],
      },
      "Argo CD application shop",
    ],
  ])("%s tells", (_, meta, expected) => {
    const [owner, ...others] = gitOpsOwners(object(meta));
    expect(others).toEqual([]);
    expect(owner && ownerText(owner)).toBe(expected);
    expect(owner?.seenIn).toMatch(/^(annotation|label|managedFields of) \S+$/u);
  });

  const owned = (kind: string, apiVersion: string, controller?: boolean): Partial<ObjectMeta> => ({
    ownerReferences: [
      { kind, apiVersion, name: "shop", uid: "u9", ...(controller !== undefined && { controller }) },
    ],
  });

  test.each<[string, Partial<ObjectMeta>, string, string]>([
    [
      "a Rollout",
      owned("Rollout", "argoproj.io/v1alpha1", true),
      "Rollout web/shop (argoproj.io/v1alpha1)",
      "rollout.v1alpha1.argoproj.io",
    ],
    [
      "a Prometheus",
      owned("Prometheus", "monitoring.coreos.com/v1", true),
      "Prometheus web/shop (monitoring.coreos.com/v1)",
      "prometheus.v1.monitoring.coreos.com",
    ],
    [
      "a resource of the core group",
      owned("ReplicationController", "v1", true),
      "ReplicationController web/shop (v1)",
      "replicationcontroller",
    ],
    [
      "an operator whose own resource Argo CD keeps, so that the labels are inherited",
      {
        ...owned("KafkaConnect", "kafka.strimzi.io/v1beta2", true),
        labels: { "argocd.argoproj.io/instance": "shop" },
      },
      "KafkaConnect web/shop (kafka.strimzi.io/v1beta2)",
      "kafkaconnect.v1beta2.kafka.strimzi.io",
    ],
  ])("%s that controls the object owns it", (_, meta, expected, resource) => {
    const [owner, ...others] = gitOpsOwners(object(meta));
    expect(others).toEqual([]);
    expect(owner && ownerText(owner)).toBe(expected);
    expect(owner && editCommand(owner)).toBe(`kubectl -n web edit ${resource} shop`);
  });

  test.each<[string, Partial<ObjectMeta>]>([
    ["nothing of it", {}],
    ["an owner reference for garbage collection alone", owned("Namespace", "v1")],
    ["one that says it does not control", owned("App", "example.com/v1", false)],
    [
      "a chart's label, which many write by hand",
      { labels: { ...HELM_LABEL, "app.kubernetes.io/instance": "shop" } },
    ],
    [
      "a tracking annotation that was copied from another object",
      { annotations: tracking("shop:apps/Deployment:web/other") },
    ],
    ["a tracking annotation that is none", { annotations: tracking("shop") }],
    [
      "a controller that only scales it",
      { managedFields: [wrote("argocd-controller", "10:00:00", "replicas")] },
    ],
    ["kubectl", { managedFields: [wrote("kubectl-client-side-apply", "10:00:00")] }],
    [
      "Flux, told to leave it alone",
      {
        labels: kustomized,
        annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" },
        managedFields: [wrote("kustomize-controller", "10:00:00")],
      },
    ],
  ])("%s does not", (_, meta) => {
    expect(gitOpsOwners(object(meta))).toEqual([]);
  });
});

test("the last to have written the template is named first, rollbackd never", () => {
  const managedFields = [
    wrote("kubectl-set", "10:00:00"),
    wrote("rollbackd", "10:06:00"),
    wrote("kustomize-controller", "10:05:00"),
    wrote("hpa", "10:07:00", "replicas"),
    { ...wrote("kubelet", "10:08:00"), subresource: "status" },
  ];
  expect(templateWriters(object({ managedFields }))).toEqual(["kustomize-controller", "kubectl-set"]);
});

test("trap 41: a manager of template annotations alone is no writer of the template", () => {
  const restart = { "f:kubectl.kubernetes.io/restartedAt": {} };
  const annotated = (annotations: object, more: object = {}) => ({
    ...wrote("kubectl-rollout", "10:09:00"),
    fieldsV1: { "f:spec": { "f:template": { "f:metadata": { "f:annotations": annotations }, ...more } } },
  });
  const set = wrote("kubectl-set", "10:00:00");
  const writers = (entry: ReturnType<typeof annotated>) =>
    templateWriters(object({ managedFields: [set, entry] }));
  expect(writers(annotated({ ".": {}, ...restart }))).toEqual(["kubectl-set"]);
  expect(writers(annotated({ ...restart, "f:team": {} }))).toEqual(["kubectl-set"]);
  expect(writers(annotated({ "f:reloader.stakater.com/last-reloaded-from": {} }))).toEqual(["kubectl-set"]);
  expect(writers(annotated(restart, { "f:spec": {} }))).toEqual(["kubectl-rollout", "kubectl-set"]);
  expect(writers(annotated({}))).toEqual(["kubectl-rollout", "kubectl-set"]);
});
