import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseRollbacks, ROLLBACKS } from "../../src/kubernetes/annotations.ts";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import { groupSnapshot } from "../../src/releases/group-snapshot.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { ActOutcome, Applied, RollbackOrder } from "../../src/rollback/act.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import { groupStrategy } from "../../src/rollback/group.ts";
import { statefulSetStrategy } from "../../src/rollback/statefulset.ts";
import { rolloutFact } from "../../src/verification/rollout.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { type MutatingPolicy, POLICIES, startMutatingPolicy } from "./mutating-policy.ts";
import { createStatefulSetScene, type StatefulSetScene } from "./statefulset-scene.ts";

import { fewTries } from "./tries.ts";
const NEVER = new AbortController().signal;
const IMAGES = ["vcci-api:v1", "vcci-api:v2"];

describeOnCluster("a mutating admission policy changes the template that is put back", (kubeconfig) => {
  let scene: Scene;
  let mutating: MutatingPolicy;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    mutating = await startMutatingPolicy(scene);
  });
  afterAll(async () => {
    await mutating.stop();
    await scene.stop();
  });
  afterEach(() => mutating.off());

  const orderFrom = ({ target, uid, release }: TargetSnapshot): RollbackOrder => {
    if (release.previous === undefined) throw new Error("nothing to go back to");
    const { revision: from, previous: to } = release;
    const decisionId = `d-${target}`;
    return { decisionId, policy: policy(), target, uid, release: release.id, from, to, reason: "errors" };
  };
  const strategyWith = (api: KubeApi = scene.api) => fewTries(deploymentStrategy({ api, now: Date.now }));
  const settled = async (name: string): Promise<TargetSnapshot> => {
    await scene.settled(name);
    return scene.snapshot(name);
  };
  /** What is verified after the act. */
  const restored = (order: RollbackOrder, { runs }: Applied): RollbackOrder => {
    return { ...order, to: { ...order.to, ...runs } };
  };
  const factOf = (order: RollbackOrder, snapshot: TargetSnapshot) =>
    rolloutFact(order, { ok: true, snapshot }, Date.now(), undefined);
  const applied = async (outcome: Promise<ActOutcome>): Promise<Applied> => {
    const done = await outcome;
    if (done.kind !== "applied") throw new Error(JSON.stringify(done));
    return done;
  };
  /** Sends what it is given, and loses the answers to the changes that `isLost` names, counted from 1. */
  const deaf = (isLost: (nth: number) => boolean): KubeApi => {
    let patches = 0;
    return {
      ...scene.api,
      patch: async <T>(...args: Parameters<KubeApi["patch"]>): Promise<T> => {
        patches += 1;
        const answer = await scene.api.patch<T>(...args);
        if (isLost(patches)) throw new KubeError("unreachable", "no answer");
        return answer;
      },
    };
  };

  it.each([
    ["annotation", "+ annotations.policy.example.org/checked (value is not shown)"],
    ["sidecar", "+ containers.proxy.image: proxy:1"],
    ["variable", "+ containers.api.env.REGION.value (value is not shown)"],
    ["registry", "- containers.api.image: vcci-api:v1; + containers.api.image: mirror/vcci-api:v1"],
  ] as const)(
    "a rollback is recognised and names what was added when the policy adds: %s",
    async (kind, named) => {
      const name = `adds-${kind}`;
      await scene.create(name, IMAGES);
      const order = orderFrom(await scene.snapshot(name));
      mutating.set(POLICIES[kind]);
      const outcome = await applied(strategyWith().act(order, NEVER));
      expect(outcome.detail).toContain(named);
      // Annotations alone make no other revision.
      expect(outcome.runs === undefined).toBe(kind === "annotation");

      const snapshot = await settled(name);
      expect(snapshot.release).toMatchObject({ cause: "rollback", revision: { standing: "unproven" } });
      expect(snapshot.release.revision.digest).toBe(outcome.runs?.digest ?? order.to.digest);
      expect(snapshot.earlier.at(0)).toMatchObject({ standing: "quarantined" });
      expect(factOf(restored(order, outcome), snapshot).kind).toBe("running");
      expect(await strategyWith().inspect(order)).toBe("applied");
      expect((await strategyWith().settle(order, NEVER)).runs).toEqual(outcome.runs);
    },
  );

  it("a person who deploys the bad version again is not taken for rollbackd when the annotation stayed", async () => {
    await scene.create("again", IMAGES);
    const order = orderFrom(await scene.snapshot("again"));
    mutating.set(POLICIES.sidecar);
    const outcome = await applied(strategyWith().act(order, NEVER));
    await scene.settled("again");
    mutating.off();
    const template = { spec: { containers: [{ name: "proxy", $patch: "delete" }] } };
    await scene.kubectl("patch", "deployment/again", "--patch", JSON.stringify({ spec: { template } }));
    await scene.setImage("again", "vcci-api:v2");
    const snapshot = await settled("again");
    expect(snapshot.release).toMatchObject({ cause: "deploy", revision: { standing: "quarantined" } });
    expect(factOf(restored(order, outcome), snapshot)).toMatchObject({ kind: "superseded" });
  });

  it("the bad version deployed at once, before the controller saw the rollback, is not taken for rollbackd's", async () => {
    await scene.create("at-once", IMAGES);
    const order = orderFrom(await scene.snapshot("at-once"));
    const { template } = (await scene.get("at-once")).spec;
    mutating.set(POLICIES.annotation);
    await applied(strategyWith().act(order, NEVER));
    mutating.off();
    await scene.kubectl(
      "patch",
      "deployment/at-once",
      "--type=json",
      "--patch",
      JSON.stringify([{ op: "replace", path: "/spec/template", value: template }]),
    );
    expect((await settled("at-once")).release).toMatchObject({ cause: "deploy" });
  });

  describe("and the answer to the change is lost", () => {
    it("the rollback is recognised, noted on the object and its additions are named", async () => {
      await scene.create("lost", IMAGES);
      const order = orderFrom(await scene.snapshot("lost"));
      mutating.set(POLICIES.sidecar);
      const outcome = await applied(strategyWith(deaf((nth) => nth === 1)).act(order, NEVER));
      expect(outcome.detail).toContain("+ containers.proxy.image: proxy:1");
      const snapshot = await settled("lost");
      expect(snapshot.release.cause).toBe("rollback");
      expect(outcome.runs?.digest).toBe(snapshot.release.revision.digest);
      const [note] = parseRollbacks((await scene.get("lost")).metadata.annotations?.[ROLLBACKS]);
      expect(note?.ran).toBe(outcome.runs?.digest);
    });

    it("the rollback is recognised before it is noted, also by a daemon without a log", async () => {
      await scene.create("unnoted", IMAGES);
      const order = orderFrom(await scene.snapshot("unnoted"));
      mutating.set(POLICIES.variable);
      const once: KubeApi = {
        ...scene.api,
        patch: async <T>(...args: Parameters<KubeApi["patch"]>): Promise<T> => {
          await scene.api.patch<T>(...args);
          throw new Error("the daemon dies here");
        },
      };
      await expect(strategyWith(once).act(order, NEVER)).rejects.toThrow("the daemon dies here");
      const snapshot = await scene.snapshot("unnoted");
      expect(snapshot.rollbacks).toMatchObject([{ decisionId: order.decisionId }]);
      expect((await settled("unnoted")).release.cause).toBe("rollback");
    });

    it("a daemon that starts again after an autoscaler wrote, too, still knows what it put back", async () => {
      await scene.create("scaled", IMAGES);
      const order = orderFrom(await scene.snapshot("scaled"));
      mutating.set(POLICIES.registry);
      const once: KubeApi = {
        ...scene.api,
        patch: async <T>(...args: Parameters<KubeApi["patch"]>): Promise<T> => {
          await scene.api.patch<T>(...args);
          throw new Error("the daemon dies here");
        },
      };
      await expect(strategyWith(once).act(order, NEVER)).rejects.toThrow("the daemon dies here");
      await scene.settled("scaled");
      await scene.kubectl("scale", "deployment/scaled", "--replicas=4");
      await scene.settled("scaled");
      expect(await strategyWith().inspect(order)).toBe("applied");
      const found = await strategyWith().settle(order, NEVER);
      const snapshot = await settled("scaled");
      expect(found.runs?.digest).toBe(snapshot.release.revision.digest);
      expect(snapshot.release.cause).toBe("rollback");
      expect(factOf(restored(order, found), snapshot).kind).toBe("running");
    });
  });

  it("a policy that turns the template back to the bad one is a refusal, and nothing counts as done", async () => {
    await scene.create("turned", IMAGES);
    const order = orderFrom(await scene.snapshot("turned"));
    mutating.set(() => [
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "vcci-api:v2" },
    ]);
    const outcome = await strategyWith().act(order, NEVER);
    expect(outcome).toMatchObject({ kind: "failed", reason: "rejected" });
    expect(outcome.detail).toContain("kubectl get mutatingwebhookconfigurations");
    expect(await strategyWith().inspect(order)).toBe("not-applied");
    mutating.off();
    expect(await strategyWith().act(order, NEVER)).toMatchObject({ kind: "applied" });
  });

  it("a group of which one member is changed is still what was put back", async () => {
    const names = ["front", "back"] as const;
    for (const name of names) await scene.create(name, IMAGES.slice(0, 1));
    // The cluster tells by the second, and what is made in the second of a change belongs to it.
    await sleep(1_100);
    for (const name of names) await scene.setImage(name, "vcci-api:v2");
    const group = async () => {
      const seen = await Promise.all(names.map(async (name) => [name, await settled(name)] as const));
      const snapshot = groupSnapshot(`${scene.namespace}/back+front`, new Map(seen));
      if (snapshot === undefined) throw new Error("no members");
      return snapshot;
    };
    const before = await group();
    const target = { kind: "group", namespace: scene.namespace, deployments: names } as const;
    const order = { ...orderFrom(before), policy: policy({ target }) };
    mutating.set((object) => {
      const isFront = object.spec.template.metadata?.labels?.["app"] === "front";
      return isFront ? POLICIES.sidecar(object) : [];
    });
    const watch = {
      current: () => ({ ok: false, reason: "not-read", detail: "" }) as never,
      onChange: () => () => undefined,
    };
    const over = AbortSignal.timeout(5_000);
    const outcome = await applied(groupStrategy({ api: scene.api, now: Date.now, watch }).act(order, over));
    expect(outcome.detail).toContain("front: The template of revision 1");
    expect(outcome.detail).toContain("+ containers.proxy.image: proxy:1");
    const snapshot = await group();
    expect(snapshot.release).toMatchObject({
      cause: "rollback",
      revision: { digest: outcome.runs?.digest },
    });
    expect(factOf(restored(order, outcome), snapshot).kind).toBe("running");
  });

  describe("of a StatefulSet", () => {
    let sets: StatefulSetScene;
    let ofSets: MutatingPolicy;
    beforeAll(async () => {
      sets = await createStatefulSetScene(kubeconfig);
      ofSets = await startMutatingPolicy({ ...scene, namespace: sets.namespace, kubectl: sets.kubectl });
    });
    afterAll(async () => {
      await ofSets.stop();
      await sets.stop();
    });

    it("the rollback is recognised and names what was added", async () => {
      await sets.create("db", IMAGES);
      const order = orderFrom(await sets.snapshot("db"));
      const strategy = statefulSetStrategy({ api: scene.api, now: Date.now });
      ofSets.set(POLICIES.sidecar);
      const outcome = await applied(strategy.act(order, NEVER));
      expect(outcome.detail).toContain("+ containers.proxy.image: proxy:1");
      await sets.settled("db");
      const snapshot = await sets.snapshot("db");
      expect(snapshot.release).toMatchObject({
        cause: "rollback",
        revision: { digest: outcome.runs?.digest },
      });
      expect(factOf(restored(order, outcome), snapshot).kind).toBe("running");
      expect(await strategy.settle(order, NEVER)).toMatchObject({ runs: outcome.runs });
      ofSets.off();
      const template = { spec: { containers: [{ name: "proxy", $patch: "delete" }] } };
      await sets.kubectl("patch", "statefulset/db", "--patch", JSON.stringify({ spec: { template } }));
      await sets.setImage("db", "vcci-api:v2");
      expect((await sets.snapshot("db")).release).toMatchObject({
        cause: "deploy",
        revision: { standing: "quarantined" },
      });
    });
  });
});
