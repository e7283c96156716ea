import { describe, expect, it } from "vitest";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { KubeObject, PodTemplate } from "../../src/kubernetes/objects.ts";
import type { ResourceRef } from "../../src/kubernetes/resource.ts";
import { lookForNeeded } from "../../src/releases/needed-objects.ts";
import type { Revision, TargetSnapshot } from "../../src/releases/release.ts";
import { revision } from "../support/model.ts";

const metadata = { name: "x", uid: "u", resourceVersion: "1", creationTimestamp: "2026-03-02T10:00:00Z" };
type Held = KubeObject & { readonly data?: Readonly<Record<string, string>> };

const template = (spec: object): PodTemplate => ({ spec: { containers: [{ name: "api" }], ...spec } });
const needing = (...names: readonly string[]) =>
  template({ volumes: names.map((name) => ({ name, configMap: { name } })) });

interface Scene {
  readonly templates: Readonly<Record<string, PodTemplate>>;
  readonly objects?: Readonly<Record<string, Held>>;
  readonly refused?: KubeError;
}

/** Looks at what revision `1` needs in the place of revision `2`. */
async function look(
  { templates, objects = {}, refused }: Scene,
  from: Revision = revision("2"),
  to: Revision = revision("1"),
) {
  const asked: string[] = [];
  const answer = (verb: string) => async (ref: ResourceRef) => {
    const path = `${ref.resource}/${ref.name}`;
    asked.push(`${verb} ${path}`);
    if (refused !== undefined) throw refused;
    const found = objects[path];
    if (found === undefined) throw new KubeError("not-found", `no ${path}`);
    return found;
  };
  const snapshot = { templates: new Map(Object.entries(templates)) } as unknown as TargetSnapshot;
  const ports = { namespace: "shop", watch: { current: () => ({ ok: true, snapshot }) as const } };
  const api = { get: answer("get") as never, metadata: answer("metadata") };
  return { ...(await lookForNeeded({ ...ports, api })(from, to)), asked };
}

const D1 = revision("1").digest;
const D2 = revision("2").digest;

describe("what an earlier revision needs", () => {
  it("is missing when it was pruned, and is named", async () => {
    const templates = { [D1]: needing("shop-v1"), [D2]: needing("shop-v2") };
    expect(await look({ templates })).toMatchObject({ missing: ["ConfigMap shop-v1"], unseen: [] });
  });

  it("is not missing when it is there, and its content is not asked for", async () => {
    const found = await look({
      templates: { [D1]: needing("shop-v1") },
      objects: { "configmaps/shop-v1": { metadata } },
    });
    expect(found).toMatchObject({ missing: [], unseen: [], asked: ["metadata configmaps/shop-v1"] });
  });

  it("is missing when a ConfigMap lacks a key that it names", async () => {
    const valueFrom = { configMapKeyRef: { name: "shop", key: "mode" } };
    const templates = {
      [D1]: template({ containers: [{ name: "api", env: [{ name: "MODE", valueFrom }] }] }),
    };
    const objects = { "configmaps/shop": { metadata, data: { other: "1" } } };
    expect((await look({ templates, objects })).missing).toEqual(["key mode of ConfigMap shop"]);
    const whole = { "configmaps/shop": { metadata, data: { mode: "1" } } };
    expect((await look({ templates, objects: whole })).missing).toEqual([]);
  });

  it("is missing when a claim is being deleted", async () => {
    const templates = {
      [D1]: template({ volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] }),
    };
    const deleted = { ...metadata, deletionTimestamp: "2026-03-02T10:05:00Z" };
    const { missing } = await look({
      templates,
      objects: { "persistentvolumeclaims/data": { metadata: deleted } },
    });
    expect(missing).toEqual(["PersistentVolumeClaim data (it is being deleted)"]);
  });

  it("is not missing when it is a pull secret that the running pods do without, too", async () => {
    const pulling = template({ imagePullSecrets: [{ name: "registry" }] });
    expect((await look({ templates: { [D1]: pulling, [D2]: pulling } })).missing).toEqual([]);
    expect((await look({ templates: { [D1]: pulling, [D2]: needing() } })).missing).toEqual([
      "Secret registry",
    ]);
  });

  it("is not seen when rollbackd may not read it: the Role's line is named once for a kind", async () => {
    const text = 'Add to the Role: {apiGroups: [""], resources: ["configmaps"], verbs: ["get"]}';
    const found = await look({
      templates: { [D1]: needing("a", "b") },
      refused: new KubeError("forbidden", text),
    });
    expect(found.missing).toEqual([]);
    expect(found.unseen).toEqual([
      expect.stringContaining('Its Role lacks {apiGroups: [""], resources: ["configmaps"], verbs: ["get"]}.'),
    ]);
  });

  it("is not seen when the API server does not answer", async () => {
    const found = await look({
      templates: { [D1]: needing("a") },
      refused: new KubeError("unreachable", "no answer"),
    });
    expect(found).toMatchObject({
      missing: [],
      unseen: ["Whether ConfigMap a exists could not be seen: no answer."],
    });
  });

  it("is looked at for the members of a group that move, and for no other", async () => {
    const group = (api: string, worker: string): Revision => ({
      ...revision("g"),
      members: { api: { name: "1", digest: api }, worker: { name: "1", digest: worker } },
    });
    const templates = { a1: needing("api-v1"), w1: needing("worker-v1"), a2: needing("api-v2") };
    const found = await look({ templates }, group("a2", "w1"), group("a1", "w1"));
    expect(found.missing).toEqual(["ConfigMap api-v1"]);
  });
});
