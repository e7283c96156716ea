import { expect, it } from "vitest";
import type { KubeObject, PodTemplate } from "../../src/kubernetes/objects.ts";
import { LAST_APPLIED, lastAppliedWith } from "../../src/rollback/last-applied.ts";

type Container = Readonly<Record<string, unknown>>;

function template(api: Container, pod: object = {}): PodTemplate {
  return { spec: { containers: [{ name: "api", ...api }], ...pod } };
}

/** `owned`: of the template by who applied, as `fieldsV1`. */
function object(applied: PodTemplate | string, owned: object = {}): KubeObject {
  const text =
    typeof applied === "string"
      ? applied
      : JSON.stringify({ kind: "Deployment", spec: { replicas: 2, template: applied } });
  const annotations = { [LAST_APPLIED]: text };
  const mine = {
    "f:metadata": { "f:annotations": { [`f:${LAST_APPLIED}`]: {} } },
    "f:spec": { "f:template": owned },
  };
  return {
    metadata: {
      name: "api",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      annotations,
      managedFields: [{ manager: "kubectl-client-side-apply", operation: "Update", fieldsV1: mine }],
    },
  };
}

function templateIn(text: string | undefined): unknown {
  return (JSON.parse(text ?? "{}") as { readonly spec?: { readonly template?: unknown } }).spec?.template;
}

const env = (name: string, value: string) => ({ name, value });

it.each<[string, PodTemplate, PodTemplate, PodTemplate, PodTemplate]>([
  [
    "the image that was put back",
    template({ image: "v2" }),
    template({ image: "v2" }),
    template({ image: "v1" }),
    template({ image: "v1" }),
  ],
  [
    "a variable that was put back, beside those that stay",
    template({ env: [env("KEPT", "1")] }),
    template({ env: [env("KEPT", "1")] }),
    template({ env: [env("OLD", "1"), env("KEPT", "1")] }),
    template({ env: [env("KEPT", "1"), env("OLD", "1")] }),
  ],
  [
    "no variable that was taken away",
    template({ env: [env("NEW", "1"), env("KEPT", "1")] }),
    template({ env: [env("NEW", "1"), env("KEPT", "1")] }),
    template({ env: [env("KEPT", "1")] }),
    template({ env: [env("KEPT", "1")] }),
  ],
  [
    "resources that were put back in a map that the server made",
    template({}),
    template({ resources: {} }),
    template({ resources: { limits: { cpu: "1" } } }),
    template({ resources: { limits: { cpu: "1" } } }),
  ],
  [
    "nothing of what the server filled in on both sides",
    template({ image: "v2" }),
    template({ image: "v2", imagePullPolicy: "Always" }, { dnsPolicy: "ClusterFirst" }),
    template({ image: "v1", imagePullPolicy: "Always" }, { dnsPolicy: "ClusterFirst" }),
    template({ image: "v1" }),
  ],
  [
    "a command as one value",
    template({ args: ["--a", "--b"] }),
    template({ args: ["--a", "--b"] }),
    template({ args: ["--b"] }),
    template({ args: ["--b"] }),
  ],
  [
    "ports of the same number by their protocol",
    template({ ports: [{ containerPort: 53 }] }),
    template({ ports: [{ containerPort: 53, protocol: "TCP" }] }),
    template({
      ports: [
        { containerPort: 53, protocol: "TCP" },
        { containerPort: 53, protocol: "UDP" },
      ],
    }),
    template({
      ports: [
        { containerPort: 53, protocol: "TCP" },
        { containerPort: 53, protocol: "UDP" },
      ],
    }),
  ],
])("last-applied holds %s", (_, applied, from, to, expected) => {
  expect(templateIn(lastAppliedWith(object(applied), from, to))).toEqual(expected);
});

it("last-applied leaves a changed value out when another manager set it", () => {
  const [from, to] = [template({ env: [env("BUILD", "2")] }), template({ env: [env("BUILD", "1")] })];
  expect(templateIn(lastAppliedWith(object(template({})), from, to))).toEqual(template({}));
});

it("last-applied gets a changed value when the applier's own default took its place", () => {
  const [from, to] = [
    template({}, { terminationGracePeriodSeconds: 30 }),
    template({}, { terminationGracePeriodSeconds: 99 }),
  ];
  const owned = { "f:spec": { "f:terminationGracePeriodSeconds": {} } };
  expect(templateIn(lastAppliedWith(object(template({}), owned), from, to))).toEqual(to);
});

it("last-applied keeps everything outside of the template", () => {
  const text = lastAppliedWith(
    object(template({ image: "v2" })),
    template({ image: "v2" }),
    template({ image: "v1" }),
  );
  expect(JSON.parse(text ?? "")).toMatchObject({ kind: "Deployment", spec: { replicas: 2 } });
});

it.each([
  ["is no JSON", "{"],
  ["is no object", "[]"],
  ["would be too large", JSON.stringify({ note: "x".repeat(256 * 1024) })],
])("last-applied is left alone when it %s", (_, text) => {
  const [from, to] = [template({ image: "v2" }), template({ image: "v1" })];
  expect(lastAppliedWith(object(text), from, to)).toBeUndefined();
});

it("last-applied is not made when the object has none", () => {
  const { metadata } = object("{}");
  const { annotations: _, ...others } = metadata;
  const [from, to] = [template({ image: "v2" }), template({ image: "v1" })];
  expect(lastAppliedWith({ metadata: others }, from, to)).toBeUndefined();
});
