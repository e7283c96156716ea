import { once } from "node:events";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAuthority } from "../faults/certificates.ts";
import { eventually } from "../support/eventually.ts";
import type { Api } from "./api.ts";
import { createCleanups } from "./cleanups.ts";

const GROUPS = [
  { group: "argoproj.io", version: "v1alpha1", plural: "applications", kind: "Application" },
  { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations", kind: "Kustomization" },
  { group: "helm.toolkit.fluxcd.io", version: "v2", plural: "helmreleases", kind: "HelmRelease" },
] as const;

type Group = (typeof GROUPS)[number];
/** The API server looks at a service that was not there at first again only after a while. */
const AGREED_MS = 60_000;

export type GitOpsPlural = Group["plural"];

/** As much of such an object as rollbackd knows. */
export interface Kept {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly suspend?: boolean; readonly syncPolicy?: object };
}

/** Those of one namespace. */
export interface GitOpsObjects {
  readonly put: (plural: GitOpsPlural, name: string, spec: object, metadata?: object) => void;
  readonly get: (plural: GitOpsPlural, name: string) => Kept;
}

/** The objects of Argo CD and Flux. Nobody acts on them. */
export interface GitOpsApi {
  readonly in: (namespace: string) => GitOpsObjects;
  /** Takes them from the cluster; before the namespace is. */
  readonly stop: () => Promise<void>;
}

const SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices";

/**
 * They are reached through the real API server, which decides who may read and change them, and hands requests on to
 * what is served here: as custom resources they would crash the API server that tests run on. One at a time in a cluster.
 */
export async function startGitOpsApi(api: Api, namespace: string): Promise<GitOpsApi> {
  const cleanups = createCleanups();
  const objects = new Map<string, Kept>();
  const server = createServer(createAuthority("gitops").issue("localhost"), (request, response) => {
    void answer(request, response, objects);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  cleanups.add(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: "gitops" },
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  const register = async ({ group, version }: Group): Promise<void> => {
    const name = `${version}.${group}`;
    const service = { namespace, name: "gitops", port };
    const priorities = { groupPriorityMinimum: 1000, versionPriority: 15 };
    const spec = { group, version, ...priorities, insecureSkipTLSVerify: true, service };
    await api.create(SERVICES, { metadata: { name }, spec });
    cleanups.add(() => api.remove(`${SERVICES}/${name}`));
    await eventually(`${group} is served`, () => api.get(`/apis/${group}/${version}`), {
      withinMs: AGREED_MS,
    });
  };
  await Promise.all(GROUPS.map(register));
  return { in: (where) => objectsIn(where, objects), stop: cleanups.run };
}

function objectsIn(namespace: string, objects: Map<string, Kept>): GitOpsObjects {
  const groupOf = (plural: GitOpsPlural): Group => GROUPS.find((each) => each.plural === plural) ?? GROUPS[0];
  const pathOf = (plural: GitOpsPlural, name: string): string => {
    const { group, version } = groupOf(plural);
    return `/apis/${group}/${version}/namespaces/${namespace}/${plural}/${name}`;
  };
  return {
    put: (plural, name, spec, metadata = {}) => {
      const { group, version, kind } = groupOf(plural);
      const creationTimestamp = "2026-03-02T10:00:00Z";
      const own = { name, namespace, uid: name, resourceVersion: "1", creationTimestamp };
      const object = { apiVersion: `${group}/${version}`, kind, metadata: { ...own, ...metadata }, spec };
      objects.set(pathOf(plural, name), object);
    },
    get: (plural, name) => {
      const found = objects.get(pathOf(plural, name));
      if (found === undefined) throw new Error(`there is no ${plural}/${name}`);
      return found;
    },
  };
}

/** Discovery, GET and a merge patch that keeps to the resource version, as an API server answers them. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  objects: Map<string, Kept>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "https://localhost");
  const group = GROUPS.find((each) => pathname === `/apis/${each.group}/${each.version}`);
  if (group !== undefined) return send(response, 200, discovery(group));
  const known = objects.get(pathname);
  if (known === undefined) return send(response, 404, failure(404, "NotFound", `${pathname} not found`));
  if (request.method !== "PATCH") return send(response, 200, known);
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const patch = JSON.parse(text) as { readonly metadata?: { readonly resourceVersion?: string } };
  const { resourceVersion } = known.metadata;
  const wanted = patch.metadata?.resourceVersion ?? resourceVersion;
  if (wanted !== resourceVersion) {
    return send(response, 409, failure(409, "Conflict", "the object has been modified"));
  }
  const next = { metadata: { resourceVersion: String(Number(resourceVersion) + 1) } };
  const patched = merged(merged(known, patch), next) as Kept;
  objects.set(pathname, patched);
  return send(response, 200, patched);
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const kept = Object.entries(isMap(target) ? target : {}).filter(([key]) => patch[key] !== null);
  const entries = Object.entries(patch).filter(([, value]) => value !== null);
  const base = Object.fromEntries(kept);
  return { ...base, ...Object.fromEntries(entries.map(([key, value]) => [key, merged(base[key], value)])) };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function discovery({ group, version, plural, kind }: Group): object {
  const resource = {
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced: true,
    kind,
    verbs: ["get", "patch"],
  };
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/${version}`,
    resources: [resource],
  };
}

function failure(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
