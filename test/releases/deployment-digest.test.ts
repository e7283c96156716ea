import { describe, expect, it, test } from "vitest";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import { formerDigest, sameTemplate, templateDigest } from "../../src/releases/deployment-digest.ts";
import { restarted, template } from "./deployment-fixture.ts";

describe("the digest of a template", () => {
  const plain = template("vcci-api:v1");

  it.each<[string, PodTemplate]>([
    ["kubectl rollout restart", restarted("vcci-api:v1", "10:00:00")],
    [
      "a tool that restarts under a name of its own",
      template("vcci-api:v1", { "lens.app/restartedAt": "now" }),
    ],
    ["a restart under no prefix at all", template("vcci-api:v1", { "restarted-at": "now" })],
    ["Reloader", template("vcci-api:v1", { "reloader.stakater.com/last-reloaded-from": "{}" })],
    ["Reloader by a variable", withEnv([{ name: "STAKATER_SHOP_CONFIG_CONFIGMAP", value: "abc" }])],
    ["a key of one's own", template("vcci-api:v1", { "example.org/build": "7" })],
    ["a checksum of the configuration", template("vcci-api:v1", { "checksum/config": "0f3a" })],
    ["an annotation that an injector reads", template("vcci-api:v1", { "sidecar.istio.io/inject": "true" })],
    ["the word about reversal", template("vcci-api:v1", { "rollbackd.io/reversible": "false" })],
    ["Rancher's redeploy", template("vcci-api:v1", { "cattle.io/timestamp": "now" })],
    ["the controller's hash label", labelled({ app: "vcci-api", "pod-template-hash": "abc" })],
    [
      "a null that the server wrote",
      { ...plain, metadata: { ...plain.metadata, creationTimestamp: null } } as PodTemplate,
    ],
    ["annotations that are an empty map", { ...plain, metadata: { labels: { app: "vcci-api" } } }],
    ["another order of keys", { spec: plain.spec, metadata: plain.metadata ?? {} }],
  ])("trap 41: %s does not change it", (_, other) => {
    expect(templateDigest(other)).toBe(templateDigest(plain));
  });

  it.each<[string, PodTemplate]>([
    ["another image", template("vcci-api:v2")],
    ["another variable", withEnv([{ name: "STAKATER_LIMIT", value: "1" }])],
    ["another label", labelled({ app: "vcci-api", tier: "web" })],
    [
      "a field that no type here knows",
      { ...plain, spec: { ...plain.spec, hostNetwork: true } } as PodTemplate,
    ],
    [
      "an empty map where it has a meaning",
      { ...plain, spec: { ...plain.spec, affinity: {} } } as PodTemplate,
    ],
  ])("%s changes it", (_, other) => {
    expect(templateDigest(other)).not.toBe(templateDigest(plain));
  });

  it("a restart makes another ReplicaSet although it is the same release", () => {
    expect(sameTemplate(plain, restarted("vcci-api:v1", "10:00:00"))).toBe(false);
    expect(sameTemplate(plain, labelled({ app: "vcci-api", "pod-template-hash": "abc" }))).toBe(true);
  });
});

test("the digest that earlier versions wrote counts annotations that are no known mark of a restart", () => {
  const plain = template("vcci-api:v1");
  const built = template("vcci-api:v1", { "example.org/build": "7" });
  expect(formerDigest(restarted("vcci-api:v1", "10:00:00"))).toBe(formerDigest(plain));
  expect(formerDigest(built)).not.toBe(formerDigest(plain));
  // What version 0.1 wrote on ReplicaSets of this template.
  expect(formerDigest(built).slice(0, 12)).toBe("8b35bb8019fd");
});

function withEnv(env: readonly object[]): PodTemplate {
  const { metadata, spec } = template("vcci-api:v1");
  return {
    ...(metadata && { metadata }),
    spec: { containers: spec.containers.map((each) => Object.assign({ env }, each)) },
  };
}

function labelled(labels: Readonly<Record<string, string>>): PodTemplate {
  return { metadata: { labels }, spec: { containers: [{ name: "api", image: "vcci-api:v1" }] } };
}
