import { expect, test } from "vitest";
import type { Pod } from "../../src/kubernetes/objects.ts";
import { admittedSpec } from "../../src/releases/admitted-spec.ts";

type Spec = NonNullable<Pod["spec"]> & Readonly<Record<string, unknown>>;

const TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount";
const spec: Spec = { containers: [{ name: "api", image: "vcci-api:v1" }] };

function pod(name: string, of: Spec, annotations: Readonly<Record<string, string>> = {}): Pod {
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: "2026-03-02T10:00:00Z",
      annotations,
    },
    spec: of,
  };
}

function withEnv(env: readonly object[]): Spec {
  return { containers: [{ name: "api", image: "vcci-api:v1", env } as Spec["containers"][number]] };
}

function withToken(volume: string): Spec {
  const mount = { name: volume, mountPath: TOKENS };
  return {
    containers: [{ name: "api", image: "vcci-api:v1", volumeMounts: [mount] } as Spec["containers"][number]],
    volumes: [{ name: volume }],
  };
}

test.each<[string, Spec]>([
  ["their nodes", { ...spec, nodeName: "node-2" }],
  ["their host names", { ...spec, hostname: "db-1", subdomain: undefined }],
  ["the volumes of their tokens", withToken("kube-api-access-x7k2p")],
  ["containers that debugging added", { ...spec, ephemeralContainers: [{ name: "debugger-1" }] }],
  ["passwords for the registry", { ...spec, imagePullSecrets: [{ name: "default-dockercfg-9x" }] }],
  ["Reloader's variable", withEnv([{ name: "STAKATER_A_SECRET", value: "1" }])],
])("admitted specs are the same when pods differ in %s", (_, other) => {
  expect(admittedSpec(pod("api-x2", other))).toBe(admittedSpec(pod("api-x1", spec)));
});

test("admitted specs are the same when each pod of a StatefulSet mounts a claim of its own", () => {
  const claims = (name: string): Spec => ({ ...spec, volumes: [{ name: `data-${name}` }] });
  expect(admittedSpec(pod("db-1", claims("db-1")))).toBe(admittedSpec(pod("db-0", claims("db-0"))));
});

test("admitted specs are the same when the vertical autoscaler sets other resources", () => {
  const sized = (cpu: string): Spec => ({
    containers: [{ name: "api", resources: { requests: { cpu } } } as Spec["containers"][number]],
  });
  const scaled = { vpaUpdates: "Pod resources updated by api" };
  expect(admittedSpec(pod("api-x1", sized("1"), scaled))).toBe(
    admittedSpec(pod("api-x2", sized("2"), scaled)),
  );
  expect(admittedSpec(pod("api-x1", sized("1")))).not.toBe(admittedSpec(pod("api-x2", sized("2"))));
});

test.each<[string, Spec]>([
  ["the image of a sidecar", { containers: [...spec.containers, { name: "proxy", image: "proxy:2" }] }],
  ["an init container", { ...spec, initContainers: [{ name: "init", image: "init:1" }] }],
  ["a volume", { ...spec, volumes: [{ name: "certs" }] }],
  ["the network that they use", { ...spec, hostNetwork: true }],
])("admitted specs differ when pods differ in %s", (_, other) => {
  expect(admittedSpec(pod("api-x2", other))).not.toBe(admittedSpec(pod("api-x1", spec)));
});

test("an admitted spec is unknown when the pod shows none", () => {
  const { spec: _, ...bare } = pod("api-x1", spec);
  expect(admittedSpec(bare)).toBeUndefined();
});
