/** The version of each API group that is spoken here. */
const VERSIONS = {
  "": "v1",
  apps: "v1",
  "authentication.k8s.io": "v1",
  "authorization.k8s.io": "v1",
  "aquasecurity.github.io": "v1alpha1",
  "argoproj.io": "v1alpha1",
  "kustomize.toolkit.fluxcd.io": "v1",
  "helm.toolkit.fluxcd.io": "v2",
} as const;

/** Names one object, or (without `name`) one kind of object in a namespace. */
export interface ResourceRef {
  readonly group: keyof typeof VERSIONS;
  readonly resource:
    | "deployments"
    | "replicasets"
    | "statefulsets"
    | "controllerrevisions"
    | "pods"
    | "services"
    | "configmaps"
    | "secrets"
    | "persistentvolumeclaims"
    | "tokenreviews"
    | "subjectaccessreviews"
    | "selfsubjectaccessreviews"
    | "vulnerabilityreports"
    | "applications"
    | "applicationsets"
    | "kustomizations"
    | "helmreleases";
  /** Empty for what belongs to no namespace. */
  readonly namespace: string;
  readonly name?: string;
}

export function pathOf({ group, resource, namespace, name }: ResourceRef): string {
  const root = group === "" ? "/api/v1" : `/apis/${group}/${VERSIONS[group]}`;
  const within = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const collection = `${root}${within}/${resource}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}

/** `deployment "vcci-api" in namespace "vcci-production"` */
export function describe({ resource, namespace, name }: ResourceRef): string {
  const what = name === undefined ? resource : `${resource.replace(/s$/, "")} "${name}"`;
  return namespace === "" ? what : `${what} in namespace "${namespace}"`;
}

/** The line to add to a Role so that `verb` is allowed. */
export function ruleFor(verb: string, ref: ResourceRef): string {
  return rulesFor([verb], ref);
}

/** The same for several verbs. */
export function rulesFor(
  verbs: readonly string[],
  { group, resource }: Pick<ResourceRef, "group" | "resource">,
): string {
  const quoted = verbs.map((verb) => `"${verb}"`).join(", ");
  return `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${quoted}]}`;
}
