/** Names one object, or (without `name`) one kind of object in a namespace. */
export interface ResourceRef {
  readonly group: "" | "apps" | "authentication.k8s.io" | "authorization.k8s.io" | "aquasecurity.github.io";
  readonly resource:
    | "deployments"
    | "replicasets"
    | "statefulsets"
    | "controllerrevisions"
    | "pods"
    | "services"
    | "configmaps"
    | "secrets"
    | "tokenreviews"
    | "subjectaccessreviews"
    | "vulnerabilityreports";
  /** Empty for what belongs to no namespace. */
  readonly namespace: string;
  readonly name?: string;
}

export function pathOf({ group, resource, namespace, name }: ResourceRef): string {
  const root =
    group === "" ? "/api/v1" : `/apis/${group}/${group === "aquasecurity.github.io" ? "v1alpha1" : "v1"}`;
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
export function ruleFor(verb: string, { group, resource }: ResourceRef): string {
  return `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
}
