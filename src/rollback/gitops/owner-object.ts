import { Ajv, type ErrorObject } from "ajv";
import { type Static, Type } from "typebox";
import type { KubeApi } from "../../kubernetes/api.ts";
import type { KubeObject } from "../../kubernetes/objects.ts";
import type { ResourceRef } from "../../kubernetes/resource.ts";
import { NotSuspendable } from "./refused.ts";

/** The object of Argo CD or Flux that keeps a target, with the fields that are used here. Other versions have others. */
const text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]));
const optional = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]));
const ignored = Type.Array(
  Type.Object({
    group: text,
    kind: text,
    name: text,
    namespace: text,
    jsonPointers: optional(Type.Array(Type.String())),
    jqPathExpressions: optional(Type.Array(Type.String())),
  }),
);

const ApplicationSchema = Type.Object({
  operation: optional(Type.Object({})),
  spec: Type.Object({
    ignoreDifferences: optional(ignored),
    syncPolicy: optional(
      Type.Object({
        automated: optional(Type.Object({ enabled: flag })),
        syncOptions: optional(Type.Array(Type.String())),
      }),
    ),
  }),
  status: optional(
    Type.Object({
      resources: optional(Type.Array(Type.Object({ group: text, kind: text, namespace: text, name: text }))),
      operationState: optional(
        Type.Object({ phase: text, startedAt: text, retryCount: optional(Type.Number()) }),
      ),
    }),
  ),
});

const ApplicationSetSchema = Type.Object({
  spec: Type.Object({
    syncPolicy: optional(Type.Object({ applicationsSync: text })),
    ignoreApplicationDifferences: optional(ignored),
  }),
});

const inventory = optional(
  Type.Object({ entries: optional(Type.Array(Type.Object({ id: Type.String() }))) }),
);
const conditions = optional(
  Type.Array(Type.Object({ type: Type.String(), status: Type.String(), message: text })),
);

const KustomizationSchema = Type.Object({
  spec: Type.Object({ suspend: flag }),
  status: optional(Type.Object({ conditions, inventory })),
});

const HelmReleaseSchema = Type.Object({
  spec: Type.Object({ suspend: flag, driftDetection: optional(Type.Object({ mode: text })) }),
  status: optional(
    Type.Object({
      conditions,
      inventory,
      history: optional(
        Type.Array(Type.Object({ name: Type.String(), namespace: Type.String(), version: Type.Number() })),
      ),
    }),
  ),
});

export type Application = KubeObject & Static<typeof ApplicationSchema>;
export type ApplicationSet = KubeObject & Static<typeof ApplicationSetSchema>;
export type Kustomization = KubeObject & Static<typeof KustomizationSchema>;
export type HelmRelease = KubeObject & Static<typeof HelmReleaseSchema>;
/** Either kind of object that Flux reconciles. */
export type Reconciled = Kustomization | HelmRelease;

const ajv = new Ajv();
const isApplication = ajv.compile<Static<typeof ApplicationSchema>>(ApplicationSchema);
const isApplicationSet = ajv.compile<Static<typeof ApplicationSetSchema>>(ApplicationSetSchema);
const isKustomization = ajv.compile<Static<typeof KustomizationSchema>>(KustomizationSchema);
const isHelmRelease = ajv.compile<Static<typeof HelmReleaseSchema>>(HelmReleaseSchema);

interface Check<T> {
  (object: unknown): object is T;
  errors?: ErrorObject[] | null;
}

type Named = ResourceRef & { readonly name: string };

export const applicationRef = (namespace: string, name: string): Named => ({
  group: "argoproj.io",
  resource: "applications",
  namespace,
  name,
});

export const applicationSetRef = (namespace: string, name: string): Named => ({
  group: "argoproj.io",
  resource: "applicationsets",
  namespace,
  name,
});

export const kustomizationRef = (namespace: string, name: string): Named => ({
  group: "kustomize.toolkit.fluxcd.io",
  resource: "kustomizations",
  namespace,
  name,
});

export const helmReleaseRef = (namespace: string, name: string): Named => ({
  group: "helm.toolkit.fluxcd.io",
  resource: "helmreleases",
  namespace,
  name,
});

/** Reads owners. Each throws KubeError, and NotSuspendable for an object whose shape is another than is known. */
export interface OwnerReader {
  readonly application: (ref: Named) => Promise<Application>;
  readonly applicationSet: (ref: Named) => Promise<ApplicationSet>;
  readonly kustomization: (ref: Named) => Promise<Kustomization>;
  readonly helmRelease: (ref: Named) => Promise<HelmRelease>;
}

export function ownerReader(api: KubeApi, signal: AbortSignal): OwnerReader {
  const reading =
    <T>(check: Check<T>) =>
    async (ref: Named): Promise<KubeObject & T> => {
      const object = await api.get<KubeObject>(ref, signal);
      if (check(object)) return object;
      throw unreadable(check.errors);
    };
  return {
    application: reading(isApplication),
    applicationSet: reading(isApplicationSet),
    kustomization: reading(isKustomization),
    helmRelease: reading(isHelmRelease),
  };
}

/** The object's shape does not say whether it is suspended: `errors` are those of its validation. */
function unreadable(errors: ErrorObject[] | null | undefined): NotSuspendable {
  const [first] = errors ?? [];
  const place = first?.instancePath || "the object";
  return new NotSuspendable(
    `its object cannot be read (${place} ${first?.message ?? "is wrong"}). Suspend it by hand.`,
  );
}

/** Whether Argo CD syncs the Application without being asked. */
export function isAutomated({ spec }: Application): boolean {
  const automated = spec.syncPolicy?.automated;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}

/** What an owner does now and may still apply; undefined while it does nothing. */
export function runningSync({ operation, status }: Application): string | undefined {
  if (operation) return "a sync operation is requested";
  const { phase, startedAt, retryCount } = status?.operationState ?? {};
  if (phase !== "Running" && phase !== "Terminating") return undefined;
  const retries = retryCount ? `, retry ${retryCount}` : "";
  return `a sync operation runs since ${startedAt ?? "an unknown time"}${retries}`;
}

/** The same of Flux. A Kustomization that waits for health checks has applied everything already. */
export function runningReconciliation({ status }: Reconciled): string | undefined {
  const running = status?.conditions?.find(({ type, status: is }) => type === "Reconciling" && is === "True");
  const message = running?.message ?? "";
  if (running === undefined || /health check/iu.test(message)) return undefined;
  return `a reconciliation runs${message === "" ? "" : ` (${message})`}`;
}
