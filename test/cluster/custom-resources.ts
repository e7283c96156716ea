import { eventually } from "../support/eventually.ts";
import { type Api, ApiError } from "./api.ts";

/** A structural schema, as a CustomResourceDefinition holds it. */
type Schema = Readonly<Record<string, unknown>>;

export interface CustomResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly hasStatusSubresource: boolean;
  readonly schema: Schema;
}

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SERVED_WITHIN_MS = 60_000;

const text = { type: "string" };
/** The tests' API server, built with Go 1.19, takes an empty text of a custom resource for null. */
const textOrEmpty = { type: "string", nullable: true };
const flag = { type: "boolean" };
const count = { type: "integer", minimum: 0 };
const whole = { type: "integer" };
const texts = { type: "array", items: text };
const textMap = { type: "object", additionalProperties: text };
const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const listOf = (items: Schema): Schema => ({ type: "array", items });

/** `required` names the fields without which the API server refuses the object. */
function object(properties: Schema, required: readonly string[] = []): Schema {
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

const duration = { type: "string", pattern: "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$" };
const condition = object(
  { type: text, status: text, reason: text, message: text, lastTransitionTime: text },
  ["type", "status"],
);
const inventory = object({ entries: listOf(object({ id: text, v: text }, ["id", "v"])) }, ["entries"]);
const reference = object({ apiVersion: text, kind: text, name: text, namespace: text }, ["kind", "name"]);

const operation = object({
  initiatedBy: object({ automated: flag, username: text }),
  retry: object({ limit: whole, backoff: anything }),
  sync: object({ revision: text, prune: flag, dryRun: flag, syncOptions: texts }),
});

/** Argo CD's Application has no status subresource: its controller writes `status` with the rest. */
export const APPLICATION: CustomResource = {
  group: "argoproj.io",
  version: "v1alpha1",
  plural: "applications",
  kind: "Application",
  hasStatusSubresource: false,
  schema: object(
    {
      metadata: { type: "object" },
      operation,
      spec: object(
        {
          project: text,
          destination: object({ server: text, name: text, namespace: text }),
          source: object({ repoURL: text, path: text, chart: text, targetRevision: text }, ["repoURL"]),
          ignoreDifferences: listOf(
            object({ group: text, kind: text, jsonPointers: texts, managedFieldsManagers: texts }, ["kind"]),
          ),
          syncPolicy: object({
            automated: object({ prune: flag, selfHeal: flag, allowEmpty: flag, enabled: flag }),
            retry: object({ limit: whole, backoff: anything }),
            syncOptions: texts,
          }),
        },
        ["project", "destination"],
      ),
      status: object({
        resources: listOf(
          object({ group: text, version: text, kind: text, namespace: text, name: text, status: text }),
        ),
        operationState: object(
          { operation, phase: text, message: text, startedAt: text, finishedAt: text, retryCount: whole },
          ["operation", "phase", "startedAt"],
        ),
        sync: object({ status: text, revision: text }, ["status"]),
        health: object({ status: text }),
      }),
    },
    ["metadata", "spec"],
  ),
};

export const APPLICATION_SET: CustomResource = {
  group: "argoproj.io",
  version: "v1alpha1",
  plural: "applicationsets",
  kind: "ApplicationSet",
  hasStatusSubresource: true,
  schema: object(
    {
      metadata: { type: "object" },
      spec: object(
        {
          generators: listOf(anything),
          template: anything,
          syncPolicy: object({ applicationsSync: text, preserveResourcesOnDeletion: flag }),
          ignoreApplicationDifferences: listOf(object({ name: text, jsonPointers: texts })),
        },
        ["generators", "template"],
      ),
    },
    ["metadata", "spec"],
  ),
};

export const KUSTOMIZATION: CustomResource = {
  group: "kustomize.toolkit.fluxcd.io",
  version: "v1",
  plural: "kustomizations",
  kind: "Kustomization",
  hasStatusSubresource: true,
  schema: object({
    spec: object(
      {
        interval: duration,
        retryInterval: duration,
        timeout: duration,
        path: text,
        prune: flag,
        force: { type: "boolean", default: false },
        suspend: flag,
        sourceRef: reference,
        targetNamespace: text,
      },
      ["interval", "prune", "sourceRef"],
    ),
    status: {
      ...object({
        conditions: listOf(condition),
        inventory,
        lastAppliedRevision: text,
        observedGeneration: whole,
      }),
      default: { observedGeneration: -1 },
    },
  }),
};

export const HELM_RELEASE: CustomResource = {
  group: "helm.toolkit.fluxcd.io",
  version: "v2",
  plural: "helmreleases",
  kind: "HelmRelease",
  hasStatusSubresource: true,
  schema: object({
    spec: object(
      {
        interval: duration,
        timeout: duration,
        suspend: flag,
        releaseName: text,
        targetNamespace: text,
        storageNamespace: text,
        chart: object({ spec: anything }, ["spec"]),
        chartRef: reference,
        driftDetection: object({
          mode: { type: "string", enum: ["enabled", "warn", "disabled"] },
          ignore: listOf(anything),
        }),
        values: { "x-kubernetes-preserve-unknown-fields": true },
      },
      ["interval"],
    ),
    status: {
      ...object({
        conditions: listOf(condition),
        history: listOf(
          object(
            {
              name: text,
              namespace: text,
              version: whole,
              status: text,
              chartName: text,
              chartVersion: text,
              configDigest: text,
              digest: text,
              firstDeployed: { type: "string", format: "date-time" },
              lastDeployed: { type: "string", format: "date-time" },
            },
            ["name", "namespace", "version", "status", "chartName", "chartVersion", "digest"],
          ),
        ),
        inventory,
        observedGeneration: whole,
        storageNamespace: text,
      }),
      default: { observedGeneration: -1 },
    },
  }),
};

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"];
const SUMMARY_FIELDS = ["criticalCount", "highCount", "mediumCount", "lowCount", "unknownCount"];

/** Trivy Operator's schema lets unknown fields pass at the root alone. */
export const VULNERABILITY_REPORT: CustomResource = {
  group: "aquasecurity.github.io",
  version: "v1alpha1",
  plural: "vulnerabilityreports",
  kind: "VulnerabilityReport",
  hasStatusSubresource: false,
  schema: {
    ...object(
      {
        metadata: { type: "object" },
        report: object(
          {
            artifact: object({
              repository: textOrEmpty,
              tag: textOrEmpty,
              digest: textOrEmpty,
              mimeType: text,
              labels: textMap,
            }),
            os: object({ family: text, name: text, eosl: flag }),
            registry: object({ server: text }),
            scanner: object({ name: text, vendor: text, version: text }, ["name", "vendor", "version"]),
            summary: object(
              Object.fromEntries([...SUMMARY_FIELDS, "noneCount"].map((field) => [field, count])),
              SUMMARY_FIELDS,
            ),
            updateTimestamp: { type: "string", format: "date-time" },
            vulnerabilities: listOf(
              object(
                {
                  vulnerabilityID: text,
                  resource: text,
                  installedVersion: textOrEmpty,
                  fixedVersion: textOrEmpty,
                  publishedDate: textOrEmpty,
                  lastModifiedDate: textOrEmpty,
                  severity: { type: "string", enum: SEVERITIES },
                  title: textOrEmpty,
                  primaryLink: textOrEmpty,
                  links: texts,
                  score: { type: "number" },
                  target: textOrEmpty,
                  class: textOrEmpty,
                  packageType: textOrEmpty,
                },
                [
                  "vulnerabilityID",
                  "resource",
                  "installedVersion",
                  "fixedVersion",
                  "publishedDate",
                  "lastModifiedDate",
                  "severity",
                  "title",
                ],
              ),
            ),
          },
          ["artifact", "os", "scanner", "summary", "updateTimestamp", "vulnerabilities"],
        ),
      },
      ["report"],
    ),
    "x-kubernetes-preserve-unknown-fields": true,
  },
};

/** The same resource with a schema that lets every object pass, as an older or newer version of its tool may. */
export function withoutSchema(resource: CustomResource): CustomResource {
  return { ...resource, hasStatusSubresource: false, schema: anything };
}

/**
 * Defines the resources on a cluster; those that it has already stay as they are. Resolves once the API server serves
 * each. They stay until the cluster is gone: several test files share them, each in its own namespace.
 */
export async function defineResources(api: Api, resources: readonly CustomResource[]): Promise<void> {
  await Promise.all(resources.map((resource) => define(api, resource)));
}

async function define(api: Api, resource: CustomResource): Promise<void> {
  const { group, version, plural, kind, hasStatusSubresource, schema } = resource;
  const versionSpec = {
    name: version,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    ...(hasStatusSubresource && { subresources: { status: {} } }),
  };
  const names = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` };
  try {
    await api.create(CRDS, {
      metadata: { name: `${plural}.${group}` },
      spec: { group, scope: "Namespaced", names, versions: [versionSpec] },
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
  }
  await eventually(`${plural}.${group} is served`, () => api.get(`/apis/${group}/${version}/${plural}`), {
    withinMs: SERVED_WITHIN_MS,
  });
}

/** The path of one object, or of all in a namespace. */
export function pathOf({ group, version, plural }: CustomResource, namespace: string, name?: string): string {
  const all = `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
  return name === undefined ? all : `${all}/${name}`;
}

/** Creates an object; its `status` as its controller writes it, where the resource keeps that apart. */
export async function createResource(
  api: Api,
  resource: CustomResource,
  namespace: string,
  { status, ...body }: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown },
): Promise<void> {
  const { group, version, kind, hasStatusSubresource } = resource;
  const isApart = hasStatusSubresource && status !== undefined;
  const whole = { apiVersion: `${group}/${version}`, kind, ...body };
  await api.create(
    pathOf(resource, namespace),
    isApart || status === undefined ? whole : { ...whole, status },
  );
  if (isApart) {
    await api.mergePatch(`${pathOf(resource, namespace, body.metadata.name)}/status`, { status });
  }
}
