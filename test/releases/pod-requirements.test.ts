import { expect, test } from "vitest";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import { requirementsOf } from "../../src/releases/pod-requirements.ts";

const template = (spec: object): PodTemplate => ({
  spec: { containers: [{ name: "api", image: "vcci-api:v1" }], ...spec },
});
const inContainer = (fields: object) => template({ containers: [{ name: "api", ...fields }] });
const inVolume = (fields: object) => template({ volumes: [{ name: "v", ...fields }] });
const env = (valueFrom: object) => ({ env: [{ name: "A", valueFrom }] });

const names = (of: PodTemplate): readonly string[] =>
  requirementsOf(of).map(({ kind, name, keys }) => [kind, name, ...keys].join(" "));

test.each<[string, PodTemplate, readonly string[]]>([
  [
    "a variable from a ConfigMap",
    inContainer(env({ configMapKeyRef: { name: "c", key: "k" } })),
    ["ConfigMap c k"],
  ],
  ["a variable from a Secret", inContainer(env({ secretKeyRef: { name: "s", key: "k" } })), ["Secret s"]],
  [
    "all variables of a ConfigMap",
    inContainer({ envFrom: [{ configMapRef: { name: "c" } }] }),
    ["ConfigMap c"],
  ],
  ["all variables of a Secret", inContainer({ envFrom: [{ secretRef: { name: "s" } }] }), ["Secret s"]],
  [
    "a volume of a ConfigMap",
    inVolume({ configMap: { name: "c", items: [{ key: "k", path: "p" }] } }),
    ["ConfigMap c k"],
  ],
  ["a volume of a Secret", inVolume({ secret: { secretName: "s" } }), ["Secret s"]],
  ["a claim", inVolume({ persistentVolumeClaim: { claimName: "p" } }), ["PersistentVolumeClaim p"]],
  [
    "a password of a volume driver",
    inVolume({ csi: { driver: "d", nodePublishSecretRef: { name: "s" } } }),
    ["Secret s"],
  ],
  [
    "a projected volume",
    inVolume({ projected: { sources: [{ configMap: { name: "c" } }, { secret: { name: "s" } }] } }),
    ["ConfigMap c", "Secret s"],
  ],
  ["a pull secret", template({ imagePullSecrets: [{ name: "s" }] }), ["Secret s"]],
  [
    "an init container",
    template({ initContainers: [{ name: "init", envFrom: [{ configMapRef: { name: "c" } }] }] }),
    ["ConfigMap c"],
  ],
  [
    "one ConfigMap in several places",
    inContainer({
      env: [
        { name: "A", valueFrom: { configMapKeyRef: { name: "c", key: "a" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "c", key: "b" } } },
      ],
    }),
    ["ConfigMap c a b"],
  ],
])("requirements of a pod template include %s", (_, of, expected) => {
  expect(names(of)).toEqual(expected);
});

test.each<[string, PodTemplate]>([
  ["a variable", inContainer(env({ configMapKeyRef: { name: "c", key: "k", optional: true } }))],
  ["all variables", inContainer({ envFrom: [{ secretRef: { name: "s", optional: true } }] })],
  ["a volume", inVolume({ secret: { secretName: "s", optional: true } })],
  [
    "a projected source",
    inVolume({ projected: { sources: [{ configMap: { name: "c", optional: true } }] } }),
  ],
])("requirements of a pod template leave out what is optional in %s", (_, of) => {
  expect(names(of)).toEqual([]);
});

test("requirements of a pod template keep what is needed in one place and optional in another", () => {
  const both = inContainer({
    env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } }],
    envFrom: [{ secretRef: { name: "s" } }],
  });
  expect(names(both)).toEqual(["Secret s"]);
});
