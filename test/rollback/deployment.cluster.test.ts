import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DECISION, ROLLBACKS, STANDING } from "../../src/kubernetes/annotations.ts";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { Deployment, ReplicaSet } from "../../src/kubernetes/objects.ts";
import { deploymentStandings } from "../../src/releases/deployment-standing.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { grant } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { allTries, fewTries } from "./tries.ts";

const NEVER = new AbortController().signal;

describeOnCluster("a Deployment is rolled back", (kubeconfig) => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
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
  const strategyWith = (api: KubeApi) => fewTries(deploymentStrategy({ api, now: Date.now }));
  const act = (order: RollbackOrder, api: KubeApi = scene.api) => strategyWith(api).act(order, NEVER);
  const image = (deployment: Deployment) => deployment.spec.template.spec.containers[0]?.image;
  const deploymentPath = (name: string) => `/apis/apps/v1/namespaces/${scene.namespace}/deployments/${name}`;
  /** An API port on which something else happens just before each change. */
  const withBefore = (before: (nth: number) => Promise<unknown>): KubeApi => {
    let patches = 0;
    return {
      ...scene.api,
      patch: async (...args) => {
        patches += 1;
        await before(patches);
        return scene.api.patch(...args);
      },
    };
  };

  describe("and ends as `kubectl rollout undo` leaves it, but for the annotations of later times", () => {
    it("keeps annotations set after the old revision, which kubectl deletes, when all else ends the same; trap 42: replicas stay", async () => {
      const options = { annotations: { "example.org/team": "payments" } };
      const twins = ["ours", "theirs"];
      for (const name of twins) {
        await scene.create(name, ["vcci-api:v1"], options);
        await scene.kubectl("annotate", `deployment/${name}`, "kubernetes.io/change-cause=first");
        await scene.settled(name);
        await scene.kubectl("patch", `deployment/${name}`, "--patch", SECOND_RELEASE);
        await scene.kubectl(
          "annotate",
          "--overwrite",
          `deployment/${name}`,
          "kubernetes.io/change-cause=second",
          "kustomize.toolkit.fluxcd.io/reconcile=disabled",
          "example.org/shift=a~1/b",
        );
        await scene.settled(name);
        await scene.kubectl("scale", `deployment/${name}`, "--replicas=5");
        await scene.settled(name);
      }
      const order = await orderFor("ours");
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.kubectl("rollout", "undo", "deployment/theirs");
      const [ours, theirs] = await Promise.all(twins.map(scene.settled));
      const later = { "kustomize.toolkit.fluxcd.io/reconcile": "disabled", "example.org/shift": "a~1/b" };
      const kept = { "example.org/team": "payments", "kubernetes.io/change-cause": "first" };
      expect(annotationsOf(theirs)).toEqual(kept);
      expect(annotationsOf(ours)).toEqual({ ...kept, ...later });
      expect(comparable(ours)).toEqual(comparable(theirs));
      expect(ours?.spec.replicas).toBe(5);
      const [ourSets, theirSets] = await Promise.all(twins.map(scene.replicaSets));
      expect(ourSets?.map(withoutReplicas).sort(byRevision)).toEqual(
        theirSets?.map(withoutReplicas).sort(byRevision),
      );
    });

    it("takes a change cause away when the old revision had none", async () => {
      await scene.create("causeless", ["vcci-api:v1"]);
      await scene.setImage("causeless", "vcci-api:v2");
      await scene.kubectl("annotate", "deployment/causeless", "kubernetes.io/change-cause=second");
      await scene.settled("causeless");
      expect(await act(await orderFor("causeless"))).toMatchObject({ kind: "applied" });
      expect(annotationsOf(await scene.settled("causeless"))).toEqual({});
    });

    it("and remembers the act where a replica without the log finds it (trap 40)", async () => {
      const order = await orderFor("ours", "d-next");
      const before = await scene.snapshot("ours");
      expect(before.release.cause).toBe("rollback");
      expect(before.rollbacks).toMatchObject([{ decisionId: "d-ours" }]);
      expect(before.earlier).toMatchObject([{ standing: "quarantined" }]);
      expect(await strategyWith(scene.api).inspect({ ...order, decisionId: "d-ours" })).toBe("applied");
      expect(await strategyWith(scene.api).inspect(order)).toBe("not-applied");
    });
  });

  it("a rollback and the next release and rollback keep both in memory, and give every use its number", async () => {
    await scene.create("twice", ["vcci-api:v1", "vcci-api:v2"]);
    await act(await orderFor("twice", "d-one"));
    await scene.settled("twice");
    await scene.setImage("twice", "vcci-api:v3");
    const { earlier, release } = await scene.snapshot("twice");
    expect(release).toMatchObject({ cause: "deploy", previous: { name: "3" } });
    expect(earlier).toMatchObject([
      { name: "3", standing: "unproven" },
      { name: "2", standing: "quarantined" },
    ]);
    await act(await orderFor("twice", "d-two"));
    await scene.settled("twice");
    const after = await scene.snapshot("twice");
    expect(after.release).toMatchObject({ id: `${after.target}@5`, cause: "rollback" });
    expect(after.rollbacks.map(({ decisionId }) => decisionId)).toEqual(["d-one", "d-two"]);
  });

  it("trap 20: the same decision acts once, however often it is told", async () => {
    await scene.create("once", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("once");
    await act(order);
    const { metadata } = await scene.settled("once");
    expect(await act(order)).toMatchObject({
      kind: "applied",
      detail: expect.stringContaining("earlier attempt") as string,
    });
    expect((await scene.get("once")).metadata.generation).toBe(metadata.generation);
  });

  it("an act whose answer was lost is recognised and not repeated", async () => {
    await scene.create("lost", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("lost");
    const { generation = 0 } = (await scene.get("lost")).metadata;
    const deaf: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        await scene.api.patch(...args);
        throw new KubeError("unreachable", "no answer");
      },
    };
    expect(await act(order, deaf)).toMatchObject({ kind: "applied" });
    expect((await scene.get("lost")).metadata.generation).toBe(generation + 1);
  });

  describe("trap 21: what somebody changed since the decision is not undone", () => {
    it("a fix shipped before the act", async () => {
      await scene.create("fixed", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("fixed");
      await scene.setImage("fixed", "vcci-api:v3");
      expect(await act(order)).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(image(await scene.get("fixed"))).toBe("vcci-api:v3");
      expect(await strategyWith(scene.api).inspect(order)).toBe("moved");
    });

    it("a fix shipped between the last check and the change", async () => {
      await scene.create("raced", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("raced");
      const api = withBefore(() => scene.setImage("raced", "vcci-api:v3"));
      expect(await act(order, api)).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(image(await scene.get("raced"))).toBe("vcci-api:v3");
    });

    it("an object deleted and made anew between the last check and the change", async () => {
      await scene.create("anew", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("anew");
      const api = withBefore(async () => {
        await scene.kubectl("delete", "deployment/anew");
        await scene.create("anew", ["vcci-api:v2"]);
      });
      expect(await act(order, api)).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(image(await scene.get("anew"))).toBe("vcci-api:v2");
    });

    it("a Deployment that is gone", async () => {
      await scene.create("gone", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("gone");
      await scene.kubectl("delete", "deployment/gone");
      expect(await act(order)).toMatchObject({ kind: "failed", reason: "target-missing" });
      expect(await strategyWith(scene.api).inspect(order)).toBe("moved");
    });
  });

  describe("trap 24: what stands in the way has a name", () => {
    it("a change of anything else in between is read again and does not stop it", async () => {
      await scene.create("busy", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("busy");
      const api = withBefore((nth) =>
        nth < 3
          ? scene.kubectl("annotate", "--overwrite", "deployment/busy", `example.org/touched=${nth}`)
          : Promise.resolve(),
      );
      expect(await act(order, api)).toMatchObject({ kind: "applied" });
      const after = await scene.get("busy");
      expect(image(after)).toBe("vcci-api:v1");
      expect(after.metadata.annotations).toMatchObject({ "example.org/touched": "2" });
    });

    it("status and labels that never keep still are no conflict", async () => {
      await scene.create("flapping", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("flapping");
      let patches = 0;
      const api = withBefore(async (nth) => {
        patches = nth;
        await scene.kubectl("label", "--overwrite", "deployment/flapping", `touched=${nth}`);
        const at = new Date(nth * 1_000).toISOString();
        const flap = { type: "Flapping", status: "True", lastUpdateTime: at, lastTransitionTime: at };
        await scene.harness.mergePatch(`${deploymentPath("flapping")}/status`, {
          status: { conditions: [flap] },
        });
      });
      expect(await act(order, api)).toMatchObject({ kind: "applied" });
      expect(patches).toBe(1);
      const after = await scene.get("flapping");
      expect(image(after)).toBe("vcci-api:v1");
      expect(after.metadata.labels).toMatchObject({ touched: "1" });
    });

    it("an object that never keeps still is tried again until the time is over, and is a conflict then", async () => {
      await scene.create("restless", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("restless");
      let tried = 0;
      const api = withBefore((nth) => {
        tried = nth;
        return scene.kubectl("scale", "deployment/restless", `--replicas=${nth}`);
      });
      const { rollback } = policy();
      const timed = { ...order, policy: policy({ rollback: { ...rollback, timeoutMs: 4_000 } }) };
      expect(await allTries(deploymentStrategy({ api, now: Date.now }), timed)).toMatchObject({
        kind: "failed",
        reason: "conflict",
        changed: false,
        gaveUp: true,
        detail: expect.stringMatching(
          /--show-managed-fields.* \d+ tries since .*: \d+ answered 422\./u,
        ) as string,
      });
      expect(tried).toBeGreaterThan(2);
    });

    it("a paused Deployment", async () => {
      await scene.create("paused", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("paused");
      await scene.kubectl("rollout", "pause", "deployment/paused");
      const outcome = await act(order);
      expect(outcome).toMatchObject({ kind: "failed", reason: "paused" });
      expect(outcome.detail).not.toContain("resume");
      expect(image(await scene.get("paused"))).toBe("vcci-api:v2");
    });

    it("a revision whose ReplicaSet is gone (revisionHistoryLimit: 0)", async () => {
      await scene.create("forgetful", ["vcci-api:v1"], { replicas: 0, revisionHistoryLimit: 0 });
      const to = (await scene.snapshot("forgetful")).release.revision;
      await scene.setImage("forgetful", "vcci-api:v2");
      await eventually("the first ReplicaSet is gone", async () => {
        expect(await scene.replicaSets("forgetful")).toHaveLength(1);
      });
      const outcome = await act({ ...(await orderFor("forgetful")), to });
      expect(outcome).toMatchObject({ kind: "failed", reason: "revision-missing" });
      expect(outcome.detail).toContain("revisionHistoryLimit");
      expect((await scene.snapshot("forgetful")).earlier).toEqual([]);
    });

    it("an account that may read but not change, with the rule to add", async () => {
      await scene.create("guarded", ["vcci-api:v1", "vcci-api:v2"]);
      const order = await orderFor("guarded");
      const dir = mkdtempSync(join(tmpdir(), "rollbackd-account-"));
      const account = { namespace: scene.namespace, name: "reader", dir };
      const reader = await createServiceAccount(scene.harness, kubeconfig, account);
      const connection = await connect(reader);
      try {
        const nothing = await act(order, kubeApi(connection));
        expect(nothing).toMatchObject({ kind: "failed", reason: "forbidden" });
        expect(nothing.detail).toContain('{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]}');
        await grant(scene.kubectl, {
          namespace: scene.namespace,
          account: "reader",
          role: "reader",
          verbs: ["get", "list", "watch"],
          resources: ["deployments.apps", "replicasets.apps"],
        });
        const outcome = await act(order, kubeApi(connection));
        expect(outcome).toMatchObject({ kind: "failed", reason: "forbidden" });
        expect(outcome.detail).toContain(
          '{apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}',
        );
        expect(outcome.detail).toContain(scene.namespace);
      } finally {
        await connection.close();
        rmSync(dir, { recursive: true });
      }
    });
  });

  it("a revision that comes back counts from its return, also where the same manager brought all of them", async () => {
    await scene.create("returning", ["vcci-api:v1", "vcci-api:v2"], { replicas: 0 });
    const { release: bad } = await scene.snapshot("returning");
    // Dates of objects are whole seconds.
    await eventually("the bad one ran for a while", () =>
      expect(Date.now() - bad.startedAt).toBeGreaterThan(3_000),
    );
    const before = Math.floor(Date.now() / 1_000) * 1_000;
    await scene.setImage("returning", "vcci-api:v1");
    const { release } = await scene.snapshot("returning");
    expect(release.revision.name).toBe("3");
    expect(release.startedAt).toBeGreaterThanOrEqual(before);
    expect(release.startedAt).toBeLessThanOrEqual(Date.now());
  });

  it("a quota that is used up is read from the Deployment within seconds of the act", async () => {
    await scene.create("crowded", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("crowded");
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "few", namespace: scene.namespace },
      spec: { hard: { pods: "1" } },
    };
    const quotas = `/api/v1/namespaces/${scene.namespace}/resourcequotas`;
    await scene.harness.create(quotas, quota);
    // No controller counts here; the API server refuses by what the status says.
    const folder = mkdtempSync(join(tmpdir(), "rollbackd-quota-"));
    const file = join(folder, "quota.json");
    writeFileSync(file, JSON.stringify({ ...quota, status: { hard: { pods: "1" }, used: { pods: "1" } } }));
    try {
      await scene.kubectl("replace", "--raw", `${quotas}/few/status`, "-f", file);
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.kubectl("delete", "pods", "-l", "app=crowded", "--force", "--grace-period=0");
      const { rollout } = await eventually("the quota is named", async () => {
        const snapshot = await scene.snapshot("crowded");
        expect(snapshot.rollout.reasons?.at(0)).toMatch(/^FailedCreate: .*exceeded quota: few/u);
        return snapshot;
      });
      expect(rollout.detail).toMatch(/^\d of \d pods updated, 0 available.*exceeded quota: few/u);
    } finally {
      rmSync(folder, { recursive: true });
      await scene.harness.remove(`${quotas}/few`);
    }
  });

  it("trap 41: a restart of the bad release is rolled back with it", async () => {
    await scene.create("restarted", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("restarted");
    await scene.kubectl("rollout", "restart", "deployment/restarted");
    await scene.settled("restarted");
    expect(await act(order)).toMatchObject({ kind: "applied" });
    expect(image(await scene.get("restarted"))).toBe("vcci-api:v1");
    await scene.settled("restarted");
    expect((await scene.snapshot("restarted")).earlier).toMatchObject([{ standing: "quarantined" }]);
  });

  it("trap 41: a restart of the bad release by an annotation of an unknown tool is rolled back with it", async () => {
    await scene.create("reloaded", ["vcci-api:v1", "vcci-api:v2"]);
    const order = await orderFor("reloaded");
    const annotations = { "reloader.stakater.com/last-reloaded-from": "ConfigMap shop" };
    const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
    await scene.kubectl("patch", "deployment", "reloaded", "--type=merge", "-p", patch);
    await scene.settled("reloaded");
    expect(await act(order)).toMatchObject({ kind: "applied" });
    expect(image(await scene.get("reloaded"))).toBe("vcci-api:v1");
    await scene.settled("reloaded");
    expect((await scene.snapshot("reloaded")).earlier).toMatchObject([{ standing: "quarantined" }]);
  });

  describe("the standing of a revision", () => {
    const markGood = async (name: string) => {
      const { target, release } = await scene.snapshot(name);
      await deploymentStandings(scene.api)(target, release.revision.digest, { kind: "good", at: Date.now() });
    };

    it("is kept on its ReplicaSet, and found again when it is no longer current", async () => {
      await scene.create("proven", ["vcci-api:v1"]);
      await markGood("proven");
      await scene.setImage("proven", "vcci-api:v2");
      const { release, earlier } = await scene.snapshot("proven");
      expect(release.revision.standing).toBe("unproven");
      expect(earlier).toMatchObject([{ standing: "good" }]);
    });

    it("is not carried to the next release by `kubectl rollout undo`, nor is that one's overwritten", async () => {
      await scene.kubectl("rollout", "undo", "deployment/proven");
      expect((await scene.settled("proven")).metadata.annotations).toHaveProperty([STANDING]);
      await scene.setImage("proven", "vcci-api:v3");
      expect((await scene.snapshot("proven")).release.revision.standing).toBe("unproven");
      await markGood("proven");
      await scene.kubectl("scale", "deployment/proven", "--replicas=3");
      await scene.settled("proven");
      expect((await scene.snapshot("proven")).release.revision.standing).toBe("good");
    });

    it("of quarantine is set by hand of the daemon as well", async () => {
      const { target, release } = await scene.snapshot("proven");
      const mark = { kind: "quarantined", decisionId: "d-1" } as const;
      await deploymentStandings(scene.api)(target, release.revision.digest, mark);
      expect((await scene.snapshot("proven")).release.revision.standing).toBe("quarantined");
    });
  });
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

/** Without what rollbackd writes for itself and what the controller writes. */
function annotationsOf(object: Deployment | undefined): object {
  const own = new Set([DECISION, ROLLBACKS, "deployment.kubernetes.io/revision"]);
  return Object.fromEntries(
    Object.entries(object?.metadata.annotations ?? {}).filter(([key]) => !own.has(key)),
  );
}

/** Without what two objects can never share, and without annotations. */
function comparable(object: Deployment | ReplicaSet | undefined): {
  readonly revision: string;
  readonly object: unknown;
} {
  if (object === undefined) throw new Error("no object");
  const text = JSON.stringify(object.spec)
    .replaceAll(/"(ours|theirs)"/g, '"name"')
    .replaceAll(/"pod-template-hash":"\w+"/g, '"pod-template-hash":"h"');
  return {
    revision: object.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? "",
    object: {
      labels: Object.keys(object.metadata.labels ?? {}),
      spec: JSON.parse(text) as unknown,
    },
  };
}

/** How many Pods each ReplicaSet has in the middle of a rollout is a matter of the moment. */
function withoutReplicas({ metadata, spec: { template } }: ReplicaSet) {
  return comparable({ metadata, spec: { template } });
}

function byRevision(a: { readonly revision: string }, b: { readonly revision: string }): number {
  return Number(a.revision) - Number(b.revision);
}
