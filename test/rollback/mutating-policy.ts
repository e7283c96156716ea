import { randomUUID } from "node:crypto";
import { type AdmissionWebhook, type Changing, startAdmissionWebhook } from "../faults/admission-webhook.ts";
import { eventually } from "../support/eventually.ts";
import type { Scene } from "./deployment-scene.ts";

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/** A mutating admission webhook for the workloads of one namespace. */
export interface MutatingPolicy {
  /** Changes what is written from now on. */
  readonly set: (steps: (object: Changing) => readonly object[]) => void;
  readonly off: () => void;
  readonly stop: () => Promise<void>;
}

type Settings = Pick<Scene, "namespace" | "harness" | "kubectl">;

export async function startMutatingPolicy({
  namespace,
  harness,
  kubectl,
}: Settings): Promise<MutatingPolicy> {
  const webhook = await startAdmissionWebhook();
  const name = `mutate-${namespace}`;
  await kubectl("label", "namespace", namespace, `mutated=${name}`);
  await harness.create(CONFIGURATIONS, configuration(name, webhook.clientConfig));
  // The API server learns of it a moment later.
  webhook.set({ kind: "deny", code: 403, message: "it is there" });
  await kubectl("create", "deployment", "asked", "--image=pause").catch(() => undefined);
  await eventually("the webhook is asked", async () => {
    const label = `tried=${randomUUID()}`;
    const said = await kubectl("label", "--overwrite", "deployment/asked", label).catch(String);
    const made = await kubectl("create", "deployment", "asked", "--image=pause").catch(String);
    if (!`${said}${made}`.includes("it is there")) throw new Error(said);
  });
  webhook.set({ kind: "allow" });
  return {
    set: (steps) => webhook.set({ kind: "change", steps }),
    off: () => webhook.set({ kind: "allow" }),
    stop: async () => {
      await harness.remove(`${CONFIGURATIONS}/${name}`);
      webhook.close();
    },
  };
}

/** Each does nothing where it was done before, as such policies do. */
export const POLICIES = {
  annotation: ({ spec: { template } }: Changing) => {
    const { annotations } = template.metadata ?? {};
    const path = "/spec/template/metadata/annotations";
    if (annotations?.["policy.example.org/checked"] !== undefined) return [];
    return annotations === undefined
      ? [{ op: "add", path, value: { "policy.example.org/checked": "yes" } }]
      : [{ op: "add", path: `${path}/policy.example.org~1checked`, value: "yes" }];
  },
  sidecar: ({ spec: { template } }: Changing) =>
    template.spec.containers.some(({ name }) => name === "proxy")
      ? []
      : [{ op: "add", path: "/spec/template/spec/containers/-", value: { name: "proxy", image: "proxy:1" } }],
  variable: ({ spec: { template } }: Changing) => {
    const { env } = template.spec.containers[0] ?? {};
    const path = "/spec/template/spec/containers/0/env";
    const variable = { name: "REGION", value: "eu" };
    if (env?.some(({ name }) => name === "REGION") === true) return [];
    return env === undefined
      ? [{ op: "add", path, value: [variable] }]
      : [{ op: "add", path: `${path}/-`, value: variable }];
  },
  registry: ({ spec: { template } }: Changing) => {
    const image = template.spec.containers[0]?.image ?? "";
    const path = "/spec/template/spec/containers/0/image";
    return image.startsWith("mirror/") ? [] : [{ op: "replace", path, value: `mirror/${image}` }];
  },
} as const satisfies Readonly<Record<string, (object: Changing) => readonly object[]>>;

function configuration(name: string, clientConfig: AdmissionWebhook["clientConfig"]): object {
  const resources = ["deployments", "statefulsets"];
  return {
    metadata: { name },
    webhooks: [
      {
        name: "mutate.example.org",
        clientConfig,
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        namespaceSelector: { matchLabels: { mutated: name } },
        rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources }],
      },
    ],
  };
}
