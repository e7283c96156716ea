import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Revision, TargetSnapshot } from "../../src/releases/release.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { deploymentStrategy } from "../../src/rollback/deployment.ts";
import { statefulSetStrategy } from "../../src/rollback/statefulset.ts";
import { rolloutFact } from "../../src/verification/rollout.ts";
import { vcciApiImages } from "../cluster/images.ts";
import { startKubelet, type Kubelet } from "../cluster/kubelet.ts";
import type { Kubectl } from "../cluster/kubectl.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { createStatefulSetScene, type StatefulSetScene } from "./statefulset-scene.ts";

const NEVER = new AbortController().signal;
const PATIENCE = { withinMs: 60_000, everyMs: 200 } as const;
const BAD = "vcci-api:v2";

/** A target whose pods run, and how many of them run the bad image. */
interface Watched {
  readonly bad: () => Promise<readonly string[]>;
  /** Fails if more pods run the bad image than at the look before. */
  readonly neverMore: () => Promise<number>;
}

function watch(kubectl: Kubectl, name: string): Watched {
  let before = Infinity;
  const bad = async () => {
    const format = '{range .items[*]}{.metadata.name}={.spec.containers[0].image}{"\\n"}{end}';
    const lines = (await kubectl("get", "pods", "-o", `jsonpath=${format}`)).split("\n");
    return lines.flatMap((line) =>
      line.startsWith(`${name}-`) && line.endsWith(`=${BAD}`) ? [line.split("=")[0] ?? ""] : [],
    );
  };
  return {
    bad,
    neverMore: async () => {
      const now = (await bad()).length;
      if (now > before) throw new Error(`${now} pods run the bad image, after ${before}`);
      before = now;
      return now;
    },
  };
}

/** The kubectl command at the end of a message, run as it is written. */
async function runCommandIn(text: string, kubectl: Kubectl): Promise<void> {
  const [, command] = /kubectl (.*)$/u.exec(text) ?? [];
  if (command === undefined) throw new Error(`no command in: ${text}`);
  const words = [...command.matchAll(/'([^']*)'|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  await kubectl(...words);
}

function orderOf(
  { target, uid, release, earlier, heldBack = [] }: TargetSnapshot,
  changes: Partial<RollbackOrder> = {},
): RollbackOrder {
  const to: Revision | undefined = release.previous ?? earlier[0];
  if (to === undefined) throw new Error("nothing to go back to");
  const staged = heldBack.flatMap((held) => held.staged ?? []);
  const base = { decisionId: `d-${target}`, policy: policy(), target, uid, release: release.id };
  return { ...base, from: release.revision, to, reason: "errors", staged, ...changes };
}

const BY_HAND = { manual: { mustRecover: [] } } as const;

function detailOf(order: RollbackOrder, snapshot: TargetSnapshot): string {
  const fact = rolloutFact(order, { ok: true, snapshot }, Date.now(), undefined);
  expect(fact).toMatchObject({ kind: "running", blocked: true });
  return fact.kind === "running" ? fact.detail : "";
}

describeOnCluster("advice that is followed never spreads the release", (kubeconfig) => {
  describe("of a StatefulSet", () => {
    let scene: StatefulSetScene;
    let kubelet: Kubelet;
    beforeAll(async () => {
      scene = await createStatefulSetScene(kubeconfig);
      kubelet = await startKubelet({ kubeconfig, namespaces: [scene.namespace], images: vcciApiImages });
    });
    afterAll(async () => {
      await kubelet.stop();
      await scene.stop();
    });

    const act = (order: RollbackOrder) =>
      statefulSetStrategy({ api: scene.api, now: Date.now }).act(order, NEVER);
    const ready = (name: string, count: number) =>
      eventually(
        `${count} pods of ${name} are ready`,
        async () => expect((await scene.settled(name)).status).toMatchObject({ readyReplicas: count }),
        PATIENCE,
      );
    const seenBad = (pods: Watched, names: readonly string[]) =>
      eventually("the bad pods are there", async () => expect(await pods.bad()).toEqual(names), PATIENCE);
    const complete = (name: string, order: RollbackOrder, pods: Watched) =>
      eventually(
        `${name} is rolled back`,
        async () => {
          await pods.neverMore();
          const snapshot = await scene.snapshot(name);
          const fact = rolloutFact(order, { ok: true, snapshot }, Date.now(), undefined);
          expect(fact).toMatchObject({ kind: "complete" });
        },
        PATIENCE,
      );

    it("a canary behind a partition goes back alone, and the partition stays", async () => {
      await scene.create("canary", ["vcci-api:v1"], {
        replicas: 3,
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
      });
      await ready("canary", 3);
      await scene.setImage("canary", BAD);
      const pods = watch(scene.kubectl, "canary");
      await seenBad(pods, ["canary-2"]);
      await ready("canary", 3);
      const soaking = await scene.snapshot("canary", 60 * 60_000);
      expect(soaking.rollout).toMatchObject({ complete: true, stalled: false });
      expect(soaking.heldBack).toMatchObject([{ kind: "partition", needsPerson: false }]);
      const order = orderOf(soaking);
      expect(await pods.neverMore()).toBe(1);
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await complete("canary", order, pods);
      expect(await pods.bad()).toEqual([]);
      const { spec } = await scene.get("canary");
      expect(spec.updateStrategy?.rollingUpdate?.partition).toBe(2);
    });

    it("pods below a partition that was set after the rollout are named with what lets them follow the earlier template", async () => {
      await scene.create("later", ["vcci-api:v1"], { replicas: 2 });
      await ready("later", 2);
      await scene.setImage("later", BAD);
      const pods = watch(scene.kubectl, "later");
      await seenBad(pods, ["later-0", "later-1"]);
      await ready("later", 2);
      await scene.kubectl(
        "patch",
        "statefulset/later",
        "--patch",
        '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}',
      );
      await scene.settled("later");
      const order = orderOf(await scene.snapshot("later"));
      expect(await pods.neverMore()).toBe(2);
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.settled("later");
      const detail = detailOf(order, await scene.snapshot("later"));
      expect(detail).toContain("later-0");
      await runCommandIn(detail, scene.kubectl);
      await complete("later", order, pods);
      expect(await pods.bad()).toEqual([]);
    });

    it("with OnDelete the template goes back first, and then the very pods are named that a person deletes", async () => {
      await scene.create("manual", ["vcci-api:v1"], { replicas: 3, updateStrategy: { type: "OnDelete" } });
      await ready("manual", 3);
      await scene.setImage("manual", BAD);
      const pods = watch(scene.kubectl, "manual");
      expect((await scene.snapshot("manual", 60 * 60_000)).rollout.stalled).toBe(false);
      expect((await scene.snapshot("manual")).heldBack).toMatchObject([{ needsPerson: true }]);
      await scene.kubectl("delete", "pod/manual-2");
      await seenBad(pods, ["manual-2"]);
      await ready("manual", 3);
      const order = orderOf(await scene.snapshot("manual"));
      expect(await pods.neverMore()).toBe(1);
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.settled("manual");
      const detail = detailOf(order, await scene.snapshot("manual"));
      expect(detail).toMatch(new RegExp(`kubectl -n ${scene.namespace} delete pod manual-2$`, "u"));
      expect(await pods.neverMore()).toBe(1);
      await runCommandIn(detail, scene.kubectl);
      await complete("manual", order, pods);
      expect(await pods.bad()).toEqual([]);
      expect((await scene.get("manual")).spec.updateStrategy?.type).toBe("OnDelete");
    });
  });

  describe("of a Deployment", () => {
    let scene: Scene;
    let kubelet: Kubelet;
    beforeAll(async () => {
      scene = await createScene(kubeconfig);
      kubelet = await startKubelet({ kubeconfig, namespaces: [scene.namespace], images: vcciApiImages });
    });
    afterAll(async () => {
      await kubelet.stop();
      await scene.stop();
    });

    const act = (order: RollbackOrder) =>
      deploymentStrategy({ api: scene.api, now: Date.now }).act(order, NEVER);
    const template = async (name: string) => (await scene.get(name)).spec.template.spec.containers[0]?.image;

    /** Paused when its first pod of the bad image is there. */
    const pausedInRollout = async (name: string): Promise<Watched> => {
      await scene.create(name, ["vcci-api:v1"], { replicas: 4 });
      await scene.kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
      // A pod that counts as available only after minutes keeps the rollout where it is.
      await scene.kubectl("patch", `deployment/${name}`, "--patch", '{"spec":{"minReadySeconds":500}}');
      await scene.settled(name);
      await scene.setImage(name, BAD);
      await scene.kubectl("rollout", "pause", `deployment/${name}`);
      const pods = watch(scene.kubectl, name);
      await eventually("bad pods are there", async () => {
        expect((await pods.bad()).length).toBeGreaterThan(0);
        expect((await scene.get(name)).status).toMatchObject({
          observedGeneration: (await scene.get(name)).metadata.generation,
        });
      });
      await scene.kubectl("patch", `deployment/${name}`, "--patch", '{"spec":{"minReadySeconds":0}}');
      await scene.settled(name);
      return pods;
    };
    const resumed = async (name: string, order: RollbackOrder, pods: Watched) => {
      const detail = detailOf(order, await scene.snapshot(name));
      expect(await pods.neverMore()).toBeGreaterThan(0);
      expect((await scene.get(name)).spec.paused).toBe(true);
      await runCommandIn(detail, scene.kubectl);
      await eventually(
        "no pod runs the bad image",
        async () => expect(await pods.neverMore()).toBe(0),
        PATIENCE,
      );
    };

    it("paused in mid-rollout, it is not written to by automation, and by hand the template goes back with the pause kept", async () => {
      const pods = await pausedInRollout("shop");
      await pods.neverMore();
      const order = orderOf(await scene.snapshot("shop"));
      const refused = await act(order);
      expect(refused).toMatchObject({ kind: "failed", reason: "paused" });
      expect(JSON.stringify(refused)).not.toContain("resume");
      expect(await template("shop")).toBe(BAD);
      const byHand = { ...order, ...BY_HAND };
      expect(await act(byHand)).toMatchObject({ kind: "applied" });
      await scene.settled("shop");
      expect(await template("shop")).toBe("vcci-api:v1");
      await resumed("shop", byHand, pods);
    });

    it("a change that was staged during the pause is replaced only where the person saw it", async () => {
      const pods = await pausedInRollout("staged");
      await scene.kubectl("set", "image", "deployment/staged", "api=vcci-api:v3");
      const seen = await scene.snapshot("staged");
      expect(seen.heldBack?.[0]?.staged).toBeDefined();
      const order = orderOf(seen, BY_HAND);
      expect(await act({ ...order, staged: [] })).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(await act(order)).toMatchObject({ kind: "applied" });
      await scene.settled("staged");
      expect(await template("staged")).toBe("vcci-api:v1");
      await resumed("staged", order, pods);
    });
  });
});
