import { expect, it } from "vitest";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import { referencesOf } from "../../src/releases/pod-references.ts";

it("finds every ConfigMap and Secret that pods read: variables, mounts, projected ones, registries", () => {
  const template = {
    spec: {
      imagePullSecrets: [{ name: "registry" }],
      initContainers: [{ name: "migrate", envFrom: [{ secretRef: { name: "migrate-db" } }] }],
      containers: [
        {
          name: "api",
          image: "api:1",
          envFrom: [{ configMapRef: { name: "settings" } }, { configMapRef: { name: "settings" } }],
          env: [
            { name: "URL", valueFrom: { secretKeyRef: { name: "db", key: "url" } } },
            { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "logging", key: "level" } } },
            { name: "secret", value: "not a reference" },
          ],
        },
      ],
      volumes: [
        { name: "a", secret: { secretName: "tls" } },
        { name: "b", configMap: { name: "nginx" } },
        {
          name: "c",
          projected: { sources: [{ secret: { name: "projected" } }, { configMap: { name: "ca" } }] },
        },
        { name: "d", emptyDir: {} },
      ],
    },
  } as unknown as PodTemplate;
  expect(referencesOf(template).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "ConfigMap ca",
    "ConfigMap logging",
    "ConfigMap nginx",
    "ConfigMap settings",
    "Secret db",
    "Secret migrate-db",
    "Secret projected",
    "Secret registry",
    "Secret tls",
  ]);
});
