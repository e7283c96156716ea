import { describe, expect, it } from "vitest";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import { sameTemplate, templateDigest } from "../../src/releases/deployment-digest.ts";
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
    ["a policy about restarts", template("vcci-api:v1", { "example.org/restartedAt-policy": "never" })],
    ["a name that only ends like it", template("vcci-api:v1", { "example.org/never-restartedAt": "x" })],
    ["a timestamp of somebody else", template("vcci-api:v1", { "example.cattle.io/timestamp": "now" })],
    ["another key of Rancher's", template("vcci-api:v1", { "cattle.io/timestamps": "now" })],
    ["another annotation", template("vcci-api:v1", { "example.org/build": "7" })],
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

function labelled(labels: Readonly<Record<string, string>>): PodTemplate {
  return { metadata: { labels }, spec: { containers: [{ name: "api", image: "vcci-api:v1" }] } };
}
