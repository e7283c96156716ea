import type { Call } from "../kubernetes/error.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { RunningPolicy } from "./run-policy.ts";
import type { Policy, Target } from "../rules/policy.ts";

/** One call that rollbackd makes, or may have to make, at the API server. */
export interface Right extends Call {
  /** Needed: without it no rollback, or nobody is let in. Optional: rollbackd works without it and says less. */
  readonly need: "needed" | "optional";
  /** What it is for, as the end of "rollbackd needs it to …". */
  readonly why: string;
  /** The policy that needs it; undefined for the process itself. */
  readonly policy?: string;
}

/** A policy and who is seen to own its target. */
export interface PolicySeen {
  readonly policy: Policy;
  readonly owners: readonly GitOpsOwner[];
}

export function policySeen({ policy, carried }: Pick<RunningPolicy, "policy" | "carried">): PolicySeen {
  const { lookup } = carried();
  return { policy, owners: lookup?.ok ? (lookup.snapshot.owners ?? []) : [] };
}

export interface RightsSettings {
  /** Where Argo CD's Applications are found that name no namespace. */
  readonly argocdNamespace: string;
  /** Set where people are let in by the cluster's own Roles. */
  readonly audience?: string | undefined;
}

type Verb = Call["verb"];

/** Everything that the policies and the process need, by the calls that the code makes. */
export function rightsOf(policies: readonly PolicySeen[], settings: RightsSettings): readonly Right[] {
  return [...policies.flatMap((seen) => policyRights(seen, settings)), ...accessRights(settings)];
}

function policyRights({ policy, owners }: PolicySeen, settings: RightsSettings): readonly Right[] {
  const { target } = policy;
  const ofCluster =
    target.kind === "script"
      ? []
      : [...watchRights(target), ...actRights(policy), ...lookRights(target.namespace)];
  return [
    ...ofCluster,
    ...reportRights(policy, target.namespace),
    ...owners.flatMap((owner) => ownerRights(owner, policy, settings)),
  ].map((right) => Object.assign({ policy: policy.name }, right));
}

/** Where nothing acts by itself, changing the target is only for people who ask for it. */
function acts({ triggers }: Policy): Right["need"] {
  return triggers.some(({ mode }) => mode !== "observe") ? "needed" : "optional";
}

function watchRights(target: Exclude<Target, { kind: "script" }>): readonly Right[] {
  const { namespace } = target;
  const need = "needed";
  const see = (ref: ResourceRef, verbs: readonly Verb[], why: string): readonly Right[] =>
    verbs.map((verb) => ({ verb, ref, need, why }));
  const pods = see({ group: "", resource: "pods", namespace }, ["list", "watch"], "see pods get ready");
  const replicaSets = see(
    { group: "apps", resource: "replicasets", namespace },
    ["list", "watch"],
    "see earlier revisions",
  );
  const whole = ["get", "list", "watch"] as const;
  const release = "see releases";
  switch (target.kind) {
    case "deployment":
    case "group":
      return [
        ...deploymentsOf(target).flatMap((name) =>
          see({ group: "apps", resource: "deployments", namespace, name }, whole, release),
        ),
        ...replicaSets,
        ...pods,
      ];
    case "statefulset":
      return [
        ...see(
          { group: "apps", resource: "statefulsets", namespace, name: target.statefulSet },
          whole,
          release,
        ),
        ...see(
          { group: "apps", resource: "controllerrevisions", namespace },
          ["list", "watch"],
          "see earlier revisions",
        ),
        ...pods,
      ];
    case "blue-green":
      return [
        ...see({ group: "", resource: "services", namespace, name: target.service }, whole, release),
        // Which Deployments are meant, only the labels of their pods say.
        ...see({ group: "apps", resource: "deployments", namespace }, whole, "find the two colours"),
        ...replicaSets,
        ...pods,
      ];
  }
}

function deploymentsOf(target: Extract<Target, { kind: "deployment" | "group" }>): readonly string[] {
  return target.kind === "group" ? target.deployments : [target.deployment];
}

function actRights(policy: Policy): readonly Right[] {
  const { target, rollback } = policy;
  if (target.kind === "script") return [];
  const { namespace } = target;
  const isScript = rollback.strategy.kind === "script";
  const patch = (ref: ResourceRef): Right => ({
    verb: "patch",
    ref,
    need: isScript ? "optional" : acts(policy),
    why: isScript ? "keep marks of earlier rollbacks true" : "put an earlier revision back",
  });
  const mark = (resource: "replicasets" | "controllerrevisions"): Right => ({
    verb: "patch",
    ref: { group: "apps", resource, namespace },
    need: "optional",
    why: "mark in the cluster which revisions are good and which were rolled back from",
  });
  switch (target.kind) {
    case "deployment":
    case "group":
      return [
        ...deploymentsOf(target).map((name) =>
          patch({ group: "apps", resource: "deployments", namespace, name }),
        ),
        mark("replicasets"),
      ];
    case "statefulset":
      return [
        patch({ group: "apps", resource: "statefulsets", namespace, name: target.statefulSet }),
        mark("controllerrevisions"),
      ];
    case "blue-green":
      return [
        patch({ group: "", resource: "services", namespace, name: target.service }),
        patch({ group: "apps", resource: "deployments", namespace }),
        mark("replicasets"),
      ];
  }
}

function lookRights(namespace: string): readonly Right[] {
  const whys = {
    configmaps: "see whether ConfigMaps exist that an earlier revision needs, and say which changed lately",
    secrets: "see whether Secrets exist that an earlier revision needs, and say which changed lately",
    persistentvolumeclaims: "see whether claims exist that an earlier revision needs",
  } as const;
  return (["configmaps", "secrets", "persistentvolumeclaims"] as const).map((resource) => ({
    verb: "get",
    ref: { group: "", resource, namespace },
    need: "optional",
    why: whys[resource],
  }));
}

function reportRights({ triggers }: Policy, namespace: string | undefined): readonly Right[] {
  if (namespace === undefined || !triggers.some(({ kind }) => kind === "vulnerability")) return [];
  return (["list", "watch"] as const).map((verb) => ({
    verb,
    ref: { group: "aquasecurity.github.io", resource: "vulnerabilityreports", namespace },
    need: "optional",
    why: "read what Trivy Operator reports; reports that are sent count without it",
  }));
}

function ownerRights(
  owner: GitOpsOwner,
  policy: Policy,
  { argocdNamespace }: RightsSettings,
): readonly Right[] {
  const ref = ownerRef(owner, argocdNamespace);
  if (ref === undefined || policy.gitops === "warn") return [];
  if (policy.gitops === "refuse") {
    const why = "ask whether the owner of the target puts a change back; a target is refused without it";
    return [{ verb: "get", ref, need: "optional", why }];
  }
  const why = "suspend the owner of the target before a rollback";
  const suspend = (["get", "patch"] as const).map((verb) => ({ verb, ref, need: acts(policy), why }));
  const { group, namespace } = ref;
  return owner.tool === "argocd"
    ? [
        ...suspend,
        {
          verb: "get",
          ref: { group, resource: "applicationsets", namespace },
          need: "optional",
          why: "suspend an owner that an ApplicationSet makes",
        },
      ]
    : suspend;
}

function ownerRef({ tool, name, namespace }: GitOpsOwner, argocd: string): ResourceRef | undefined {
  if (name === undefined || tool === "helm" || tool === "controller") return undefined;
  if (tool === "argocd") {
    return { group: "argoproj.io", resource: "applications", namespace: namespace ?? argocd, name };
  }
  if (namespace === undefined) return undefined;
  return tool === "flux-kustomization"
    ? { group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations", namespace, name }
    : { group: "helm.toolkit.fluxcd.io", resource: "helmreleases", namespace, name };
}

function accessRights({ audience }: RightsSettings): readonly Right[] {
  if (audience === undefined) return [];
  const why = "let people in by the cluster's Roles (ROLLBACKD_API_KUBERNETES_AUDIENCE)";
  return [
    {
      verb: "create",
      ref: { group: "authentication.k8s.io", resource: "tokenreviews", namespace: "" },
      need: "needed",
      why,
    },
    {
      verb: "create",
      ref: { group: "authorization.k8s.io", resource: "subjectaccessreviews", namespace: "" },
      need: "needed",
      why,
    },
  ];
}
