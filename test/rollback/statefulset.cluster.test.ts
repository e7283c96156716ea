import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DECISION, ROLLBACKS } from "../../src/kubernetes/annotations.ts";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { StatefulSet } from "../../src/kubernetes/objects.ts";
import { statefulSetStandings } from "../../src/releases/statefulset-standing.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { statefulSetStrategy } from "../../src/rollback/statefulset.ts";
import { rolloutFact } from "../../src/verification/rollout.ts";
import { vcciApiImages } from "../cluster/images.ts";
import { startKubelet, type Kubelet } from "../cluster/kubelet.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { createStatefulSetScene, type StatefulSetScene } from "./statefulset-scene.ts";
import { fewTries } from "./tries.ts";

const NEVER = new AbortController().signal;
const MINUTE_MS = 60_000;

describeOnCluster("a StatefulSet is rolled back", (kubeconfig) => {
  let scene: StatefulSetScene;
  beforeAll(async () => {
    scene = await createStatefulSetScene(kubeconfig);
  });
  afterAll(() => scene.stop());

  /** Away from what runs now, to what ran before it. */
  const orderFor = async (name: string, decisionId = `d-${name}`): Promise<RollbackOrder> => {
    const { target, uid, release, earlier } = await scene.snapshot(name);
    const to = release.previous ?? earlier[0] ?? { ...release.revision, digest: "0".repeat(64), name: "0" };
    return {
      decisionId,
      policy: policy(),
      target,
      uid,
      release: release.id,
      from: release.revision,
      to,
      reason: "errors",
    };
  };
  const strategyWith = (api: KubeApi) => fewTries(statefulSetStrategy({ api, now: Date.now }));
  const act = (order: RollbackOrder, api: KubeApi = scene.api) => strategyWith(api).act(order, NEVER);
  const image = ({ spec }: StatefulSet) => spec.template.spec.containers[0]?.image;

  describe("and ends as `kubectl rollout undo` leaves it", () => {
    it("object and ControllerRevisions are the same but for what rollbackd remembers there; trap 42: replicas stay", async () => {
      const twins = ["ours", "theirs"];
      for (const name of twins) {
        await scene.create(name, ["vcci-api:v1"], { annotations: { "example.org/team": "payments" } });
        await scene.kubectl("patch", `statefulset/${name}`, "--patch", SECOND_RELEASE);
        await scene.settled(name);
        await scene.kubectl("annotate", `statefulset/${name}`, "example.org/shift=night");
        await scene.kubectl("scale", `statefulset/${name}`, "--replicas=5");
        await scene.settled(name);
      }
      expect(await act(await orderFor("ours"))).toMatchObject({
        kind: "applied",
        detail: expect.stringContaining("as revision 3") as string,
      });
      await scene.kubectl("rollout", "undo", "statefulset/theirs");
      const [ours, theirs] = await Promise.all(twins.map(scene.settled));
      expect(comparable(ours)).toEqual(comparable(theirs));
      expect(ours?.spec.replicas).toBe(5);
      const [ourRevisions, theirRevisions] = await Promise.all(twins.map(numbered));
      expect(ourRevisions).toEqual(theirRevisions);
      expect(ourRevisions).toEqual([
        [2, "vcci-api:v2"],
        [3, "vcci-api:v1"],
      ]);
    });

    it("and remembers the act where a replica without the log finds it (trap 40)", async () => {
      const order = await orderFor("ours", "d-next");
      const seen = await scene.snapshot("ours");
      expect(seen.release).toMatchObject({ id: `${seen.target}@3`, cause: "rollback" });
      expect(seen.rollbacks).toMatchObject([{ decisionId: "d-ours" }]);
      expect(seen.earlier).toMatchObject([{ name: "2", standing: "quarantined" }]);
      expect(await strategyWith(scene.api).inspect({ ...order, decisionId: "d-ours" })).toBe("applied");
      expect(await strategyWith(scene.api).inspect(order)).toBe("not-applied");
    });
  });

  it("the next release and its rollback are numbered on, and both acts stay in memory", async () => {
    await scene.setImage("ours", "vcci-api:v3");
    const { release, earlier } = await scene.snapshot("ours");
    expect(release).toMatchObject({ cause: "deploy", revision: { name: "4" }, previous: { name: "3" } });
    expect(earlier).toMatchObject([
      { name: "3", standing: "unproven" },
      { name: "2", standing: "quarantined" },
    ]);
    await act(await orderFor("ours", "d-two"));
    await scene.settled("ours");
    const after = await scene.snapshot("ours");
    expect(after.release).toMatchObject({ id: `${after.target}@5`, cause: "rollback" });
    expect(after.rollbacks.map(({ decisionId }) => decisionId)).toEqual(["d-ours", "d-two"]);
  });

  it.each([
    ["undone", ["rollout", "undo"], []],
    // A Kubernetes before 1.25 dates only the first change by one and the same manager.
    ["shipped-again", ["set", "image"], ["api=vcci-api:v1"]],
  ])(
    "a revision that comes back counts from its return, not from its first use: %s",
    async (name, how, to) => {
      await scene.create(name, ["vcci-api:v1", "vcci-api:v2"]);
      const { release: bad } = await scene.snapshot(name);
      // Dates of objects are whole seconds.
      await eventually("the bad one ran for a while", () =>
        expect(Date.now() - bad.startedAt).toBeGreaterThan(3_000),
      );
      const before = Math.floor(Date.now() / 1_000) * 1_000;
      await scene.kubectl(...how, `statefulset/${name}`, ...to);
      await scene.settled(name);
      const { release } = await scene.snapshot(name);
      expect(release.revision.name).toBe("3");
      expect(release.startedAt).toBeGreaterThanOrEqual(before);
      expect(release.startedAt).toBeLessThanOrEqual(Date.now());
    },
  );

  it("trap 20: the same decision acts once, however often it is told, also when its answer was lost", async () => {
    await scene.create("once", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("once");
    const { generation = 0 } = (await scene.get("once")).metadata;
    const deaf: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        await scene.api.patch(...args);
        throw new KubeError("unreachable", "no answer");
      },
    };
    expect(await act(order, deaf)).toMatchObject({ kind: "applied" });
    expect(await act(order)).toMatchObject({ kind: "applied" });
    expect((await scene.get("once")).metadata.generation).toBe(generation + 1);
  });

  it("trap 21: a fix shipped before the act, or between the last check and the change, is not undone", async () => {
    await scene.create("fixed", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("fixed");
    const api: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        await scene.setImage("fixed", "vcci-api:v3");
        return scene.api.patch(...args);
      },
    };
    expect(await act(order, api)).toMatchObject({ kind: "failed", reason: "superseded" });
    expect(await act(order)).toMatchObject({ kind: "failed", reason: "superseded" });
    expect(image(await scene.get("fixed"))).toBe("vcci-api:v3");
    expect(await strategyWith(scene.api).inspect(order)).toBe("moved");
  });

  it("annotations that others set between the look and the change stay, also when there were none before", async () => {
    await scene.create("bare", ["vcci-api:v1", "vcci-api:v2"]);
    expect((await scene.get("bare")).metadata.annotations).toBeUndefined();
    const order = await orderFor("bare");
    let patches = 0;
    const api: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        patches += 1;
        const set = `example.org/ticket-${patches}=OPS-${patches}`;
        if (patches < 3) await scene.kubectl("annotate", "statefulset/bare", set);
        return scene.api.patch(...args);
      },
    };
    expect(await act(order, api)).toMatchObject({ kind: "applied" });
    const { metadata } = await scene.get("bare");
    expect(metadata.annotations).toMatchObject({
      "example.org/ticket-1": "OPS-1",
      "example.org/ticket-2": "OPS-2",
      [DECISION]: "d-bare",
    });
    // The first had to be read again; the second is another key.
    expect(patches).toBe(2);
  });

  describe("trap 24: what stands in the way has a name", () => {
    it.each<[string, object, string]>([
      ["OnDelete", { type: "OnDelete" }, "OnDelete"],
      ["a partition above all pods", { rollingUpdate: { partition: 2 } }, "partition 2"],
    ])("an update strategy by which no pod runs the release: %s", async (_, updateStrategy, named) => {
      const name = `held-${named.toLowerCase().replace(" ", "-")}`;
      await scene.create(name, ["vcci-api:v1", "vcci-api:v2"], { updateStrategy });
      const outcome = await act(await orderFor(name));
      expect(outcome).toMatchObject({ kind: "failed", reason: "held-back" });
      expect(outcome.detail).toContain(named);
      expect(image(await scene.get(name))).toBe("vcci-api:v2");
    });

    it("a revision whose ControllerRevision is gone", async () => {
      await scene.create("forgetful", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("forgetful");
      const old = (await scene.revisions("forgetful")).find(({ revision }) => revision === 1);
      await scene.setImage("forgetful", "vcci-api:v3");
      await scene.setImage("forgetful", "vcci-api:v2");
      await scene.kubectl("delete", `controllerrevision/${old?.metadata.name}`);
      const outcome = await act(order);
      expect(outcome).toMatchObject({ kind: "failed", reason: "revision-missing" });
      expect(outcome.detail).toContain("No ControllerRevision of statefulset");
    });
  });

  it("trap 41: a restart of the bad release is rolled back with it", async () => {
    await scene.create("restarted", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("restarted");
    await scene.kubectl("rollout", "restart", "statefulset/restarted");
    await scene.settled("restarted");
    expect((await scene.snapshot("restarted")).release.id).toBe(order.release);
    expect(await act(order)).toMatchObject({ kind: "applied" });
    expect(image(await scene.settled("restarted"))).toBe("vcci-api:v1");
    const { earlier } = await scene.snapshot("restarted");
    expect(earlier).toMatchObject([{ standing: "quarantined" }]);
  });

  it("the standing of a revision is kept on its ControllerRevision, also when that is used again", async () => {
    await scene.create("proven", ["vcci-api:v1"]);
    const { target, release } = await scene.snapshot("proven");
    await statefulSetStandings(scene.api)(target, release.revision.digest, { kind: "good", at: Date.now() });
    await scene.setImage("proven", "vcci-api:v2");
    expect((await scene.snapshot("proven")).earlier).toMatchObject([{ name: "1", standing: "good" }]);
    await scene.kubectl("rollout", "undo", "statefulset/proven");
    await scene.settled("proven");
    const { revision } = (await scene.snapshot("proven")).release;
    expect(revision).toMatchObject({ name: "3", standing: "good" });
  });

  describe("with pods that run", () => {
    let kubelet: Kubelet;
    beforeAll(async () => {
      await scene.kubectl("delete", "statefulset", "--all");
      kubelet = await startKubelet({ kubeconfig, namespaces: [scene.namespace], images: vcciApiImages });
    });
    afterAll(() => kubelet.stop());

    it("a rollback goes on by itself, pod after pod, when the bad pods are ready", async () => {
      await scene.create("rolling", ["vcci-api:v1"]);
      await complete("rolling");
      await scene.setImage("rolling", "vcci-api:v2");
      await complete("rolling");
      const { release } = await scene.snapshot("rolling");
      expect(release.clockAt).toBeGreaterThanOrEqual(release.startedAt);
      await act(await orderFor("rolling"));
      await complete("rolling");
      expect((await scene.snapshot("rolling")).release.revision.images).toEqual({ api: "vcci-api:v1" });
    });

    it("a broken pod that holds the rollback up is named, and the rollout goes on once it is deleted", async () => {
      await scene.create("stuck", ["vcci-api:v1"]);
      await complete("stuck");
      await scene.setImage("stuck", "vcci-api:v2-never-ready");
      await eventually("the last pod is the bad one", async () => {
        expect((await scene.get("stuck")).status).toMatchObject({ updatedReplicas: 1, readyReplicas: 1 });
      });
      const order = await orderFor("stuck");
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.settled("stuck");
      expect((await scene.snapshot("stuck")).rollout).not.toHaveProperty("blockedBy");
      const later = await scene.snapshot("stuck", 3 * MINUTE_MS);
      expect(later.rollout).toMatchObject({ complete: false, stalled: false, blockedBy: "stuck-1" });
      expect(rolloutFact(order, { ok: true, snapshot: later }, Date.now(), undefined)).toMatchObject({
        kind: "running",
        blocked: true,
        detail: expect.stringContaining(`kubectl -n ${scene.namespace} delete pod stuck-1`) as string,
      });
      await scene.kubectl("delete", "pod/stuck-1");
      await complete("stuck");
    });
  });

  const complete = (name: string) =>
    eventually(
      `${name} is rolled out`,
      async () => {
        const { rollout } = await scene.snapshot(name);
        expect(rollout).toEqual({ complete: true, stalled: false, detail: "2 of 2 pods updated, 2 ready" });
      },
      { withinMs: 40_000, everyMs: 200 },
    );

  const numbered = async (name: string) =>
    (await scene.revisions(name))
      .map(({ revision, data }) => [revision, data.spec.template.spec.containers[0]?.image] as const)
      .toSorted(([a], [b]) => a - b);
});

/** Another image, and fields of every kind that must be gone or back afterwards. */
const SECOND_RELEASE = JSON.stringify({
  spec: {
    template: {
      metadata: { annotations: { "example.org/build": "2" }, labels: { tier: "web" } },
      spec: {
        hostNetwork: true,
        volumes: [{ name: "scratch", emptyDir: {} }],
        containers: [{ name: "api", image: "vcci-api:v2", env: [{ name: "MODE", value: "new" }] }],
      },
    },
  },
});

/** Without what two objects can never share, and without what rollbackd writes for itself. */
function comparable(object: StatefulSet | undefined): unknown {
  if (object === undefined) throw new Error("no object");
  const own = new Set([DECISION, ROLLBACKS]);
  const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => !own.has(key));
  const spec = JSON.parse(JSON.stringify(object.spec).replaceAll(/"(ours|theirs)"/g, '"name"')) as unknown;
  return { annotations: Object.fromEntries(annotations), spec };
}
