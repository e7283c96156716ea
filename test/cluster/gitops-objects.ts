import type { Api } from "./api.ts";
import {
  APPLICATION,
  APPLICATION_SET,
  createResource,
  type CustomResource,
  defineResources,
  HELM_RELEASE,
  KUSTOMIZATION,
  pathOf,
} from "./custom-resources.ts";

/** What each tool requires of every object beside what a test is about. */
const BASES = {
  applications: {
    resource: APPLICATION,
    spec: { project: "default", destination: { server: "https://kubernetes.default.svc" } },
  },
  applicationsets: { resource: APPLICATION_SET, spec: { generators: [], template: {} } },
  kustomizations: {
    resource: KUSTOMIZATION,
    spec: { interval: "1m", prune: true, sourceRef: { kind: "GitRepository", name: "apps" } },
  },
  helmreleases: { resource: HELM_RELEASE, spec: { interval: "1m" } },
} as const satisfies Record<string, { readonly resource: CustomResource; readonly spec: object }>;

export type GitOpsPlural = keyof typeof BASES;

/** As much of such an object as the tests read. */
export interface GitOpsObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly suspend?: boolean; readonly syncPolicy?: object };
  readonly status?: object;
}

/** The objects of Argo CD and Flux in one namespace. No controller of theirs runs. */
export interface GitOpsObjects {
  /** Creates it; `spec` is added to what the schema requires. Gives the object as the API server took it. */
  readonly put: (plural: GitOpsPlural, name: string, spec: object, more?: More) => Promise<GitOpsObject>;
  readonly get: (plural: GitOpsPlural, name: string) => Promise<GitOpsObject>;
}

interface More {
  readonly metadata?: object;
  readonly status?: object;
  readonly operation?: object;
}

export async function createGitOpsObjects(api: Api, namespace: string): Promise<GitOpsObjects> {
  await defineResources(
    api,
    Object.values(BASES).map(({ resource }) => resource),
  );
  const get: GitOpsObjects["get"] = (plural, name) =>
    api.get(pathOf(BASES[plural].resource, namespace, name));
  return {
    get,
    put: async (plural, name, spec, { metadata, ...more } = {}) => {
      const base = BASES[plural];
      const body = { metadata: { ...metadata, name }, spec: { ...base.spec, ...spec }, ...more };
      await createResource(api, base.resource, namespace, body);
      return get(plural, name);
    },
  };
}
