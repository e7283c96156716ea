import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DECISION, STANDING } from "../../src/kubernetes/annotations.ts";
import { commandByHand } from "../../src/decisions/by-hand.ts";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import { blueGreenStandings } from "../../src/releases/blue-green-standing.ts";
import type { Applied, RollbackOrder } from "../../src/rollback/act.ts";
import { blueGreenStrategy } from "../../src/rollback/blue-green.ts";
import { vcciApiImages } from "../cluster/images.ts";
import { type Kubelet, startKubelet } from "../cluster/kubelet.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { type BlueGreenScene, type Color, createBlueGreen } from "./blue-green-scene.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { POLICIES, startMutatingPolicy } from "./mutating-policy.ts";

import type { Checked } from "../../src/daemon/tries.ts";
import { allTries } from "./tries.ts";

describeOnCluster("a blue/green Service is rolled back", (kubeconfig) => {
  let scene: Scene;
  let kubelet: Kubelet;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollbackd-blue-green-"));
    scene = await createScene(kubeconfig);
    kubelet = await startKubelet({ kubeconfig, namespaces: [scene.namespace], images: vcciApiImages });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await scene.stop();
    await kubelet.stop();
  });

  /** Green was released after blue, which was left with no pods. */
  const released = async (
    name: string,
    { blue = "vcci-api:v1", replicas = 2 }: { readonly blue?: string; readonly replicas?: number } = {},
  ): Promise<BlueGreenScene> => {
    const images = { blue, green: "vcci-api:v2" };
    const sides = { blue: { replicas: 0 }, green: { replicas } };
    const target = await createBlueGreen(scene, name, images, sides);
    await target.switchTo("green");
    return target;
  };
  const orderOf = (
    of: BlueGreenScene,
    about: Pick<RollbackOrder, "target" | "uid" | "release">,
    timeoutMs = 30_000,
  ) => {
    const { rollback } = policy();
    return {
      ...about,
      decisionId: `d-${of.target.service}`,
      policy: policy({ rollback: { ...rollback, timeoutMs } }),
      reason: "errors",
    };
  };
  const orderFor = async (of: BlueGreenScene, timeoutMs?: number): Promise<RollbackOrder> => {
    const { target, uid, release, earlier } = await of.snapshot();
    const [to] = earlier;
    if (to === undefined) throw new Error("nothing to go back to");
    return { ...orderOf(of, { target, uid, release: release.id }, timeoutMs), from: release.revision, to };
  };
  const strategyFor = (of: BlueGreenScene, api: KubeApi = scene.api) =>
    blueGreenStrategy({ api, colors: of.target, now: Date.now });
  const act = (of: BlueGreenScene, order: RollbackOrder, api?: KubeApi) =>
    allTries(strategyFor(of, api), order);
  /** An API port on which something else happens just before the Service or a Deployment is changed. */
  const before = (resource: "services" | "deployments", once: () => Promise<unknown>): KubeApi => {
    let done = false;
    return {
      ...scene.api,
      patch: async (...args) => {
        if (args[0].resource === resource && !done) {
          done = true;
          await once();
        }
        return scene.api.patch(...args);
      },
    };
  };
  const templatesOf = async (of: BlueGreenScene) =>
    [await of.deployment("blue"), await of.deployment("green")].map(({ spec }) => spec.template);
  const replicas = async (of: BlueGreenScene, color: Color) => (await of.deployment(color)).spec.replicas;

  describe("once the other colour is ready", () => {
    let shop: BlueGreenScene;
    beforeAll(async () => {
      shop = await released("shop");
    });

    it("trap 26: it is scaled to what is live and Ready before the Service switches", async () => {
      const order = await orderFor(shop);
      expect(order).toMatchObject({ from: { name: "green:1" }, to: { name: "blue:1" } });
      const templates = await templatesOf(shop);
      let readyThen: number | undefined;
      const api = before("services", async () => {
        readyThen = (await shop.deployment("blue")).status?.readyReplicas;
      });
      expect(await act(shop, order, api)).toEqual({
        kind: "applied",
        detail:
          `service "shop" in namespace "${scene.namespace}" serves blue:1 (vcci-api:v1) again: ` +
          `2 of its pods were ready before.`,
      });
      expect(readyThen).toBe(2);
      expect(await shop.selected()).toBe("blue");
      expect(await replicas(shop, "green")).toBe(2);
      expect(await templatesOf(shop)).toEqual(templates);
    });

    it("what was done is remembered where a replica without the log finds it, and never done twice (trap 20)", async () => {
      const { release, earlier, rollbacks, uid, target } = await shop.snapshot();
      expect(release).toMatchObject({ cause: "rollback", revision: { name: "blue:1" } });
      expect(earlier).toMatchObject([{ name: "green:1", standing: "quarantined" }]);
      expect(rollbacks).toMatchObject([{ decisionId: "d-shop", fromDigest: earlier[0]?.digest }]);
      const [from] = earlier;
      if (from === undefined) throw new Error("nothing came before");
      const order = { ...orderOf(shop, { target, uid, release: release.id }), from, to: release.revision };
      const { metadata } = await shop.service();
      expect(await strategyFor(shop).inspect(order)).toBe("applied");
      expect(await act(shop, order)).toMatchObject({ kind: "applied" });
      expect((await shop.service()).metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(await strategyFor(shop).inspect({ ...order, decisionId: "d-next" })).toBe("moved");
    });

    it("how a revision stood is written on the ReplicaSets of either colour", async () => {
      const mark = blueGreenStandings(scene.api, shop.target);
      const { release } = await shop.snapshot();
      await scene.kubectl("annotate", "deployment/shop-blue", `${STANDING}=stale`);
      await mark(`${scene.namespace}/service/shop`, release.revision.digest, {
        kind: "good",
        at: Date.now(),
      });
      await scene.setImage("shop-green", "vcci-api:v1");
      const seen = await eventually("its twin in green", async () => {
        await shop.switchTo("green");
        const { release: now } = await shop.snapshot();
        expect(now.revision).toMatchObject({ name: "green:2", digest: release.revision.digest });
        return now;
      });
      expect(seen.revision.standing).toBe("good");
    });
  });

  it("names the command for the next deployment when the selector was set by server-side apply", async () => {
    const applied = await released("applied", { replicas: 1 });
    const manifest = (color: string) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "applied" },
      spec: { selector: { app: "applied", color }, ports: [{ port: 80, targetPort: 8000, protocol: "TCP" }] },
    });
    const apply = async (color: string, ...flags: readonly string[]) => {
      const file = join(folder, "service.json");
      writeFileSync(file, JSON.stringify(manifest(color)));
      return scene.kubectl("apply", "--server-side", "--field-manager=ci", ...flags, "-f", file);
    };
    await applied.switchTo("blue");
    await apply("green", "--force-conflicts");
    const { detail } = await act(applied, await orderFor(applied));
    expect(detail).toContain("kubectl apply --server-side --force-conflicts --field-manager=ci -f FILE");
    await expect(apply("green")).rejects.toThrow('conflict with "rollbackd"');
    await apply("green", "--force-conflicts");
    expect(await applied.selected()).toBe("green");
  });

  it("a Service is switched to the other colour when an admission policy changed its template on scaling", async () => {
    const changed = await released("changed");
    const order = await orderFor(changed);
    const mutating = await startMutatingPolicy(scene);
    try {
      mutating.set(POLICIES.variable);
      const outcome = await act(changed, order);
      expect(outcome).toMatchObject({ kind: "applied", runs: { digest: expect.any(String) as string } });
      const { runs } = outcome as Applied;
      const { release } = await changed.snapshot();
      expect(release).toMatchObject({ cause: "rollback", revision: { digest: runs?.digest } });
      expect(await strategyFor(changed).settle?.(order, new AbortController().signal)).toMatchObject({
        runs,
      });
      expect(await act(changed, order)).toMatchObject({ runs });
    } finally {
      await mutating.stop();
    }
  });

  it("trap 26: nothing is switched while the other colour does not get Ready, and it may be begun again", async () => {
    const stuck = await released("stuck", { blue: "vcci-api:v2-never-ready" });
    const order = await orderFor(stuck, 4_000);
    expect(await act(stuck, order)).toMatchObject({
      kind: "failed",
      reason: "target-not-ready",
      detail: expect.stringMatching(
        /^blue:1 did not get ready within 4 s \(blue.+\), so nothing was switched/u,
      ) as string,
    });
    expect(await stuck.selected()).toBe("green");
    expect(await strategyFor(stuck).inspect(order)).toBe("not-applied");
  });

  it("trap 20: one that was given up on its way is begun again and done once", async () => {
    const halfway = await released("halfway", { replicas: 1 });
    const order = await orderFor(halfway);
    const stopped = new AbortController();
    const api: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        const answer = await scene.api.patch(...args);
        stopped.abort();
        return answer as never;
      },
    };
    expect(await strategyFor(halfway, api).act(order, stopped.signal)).toMatchObject({ kind: "again" });
    expect(await replicas(halfway, "blue")).toBe(1);
    expect(await strategyFor(halfway).inspect(order)).toBe("not-applied");
    expect(await act(halfway, order)).toMatchObject({ kind: "applied" });
  });

  it("trap 26: what a person is told to run switches back, too, and only to pods that are Ready", async () => {
    const told = await released("told", { replicas: 1 });
    const { to } = await orderFor(told);
    const commands = commandByHand(told.target, to)?.split(" && ") ?? [];
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const [, , , ...words] = command.replaceAll("'", "").split(" ");
      expect(await told.selected()).toBe("green");
      await scene.kubectl(...words);
    }
    expect(await told.selected()).toBe("blue");
    expect((await told.deployment("blue")).status?.readyReplicas).toBe(1);
  });

  describe("trap 42: what an autoscaler does meanwhile", () => {
    it("the other colour gets as many as the live one has by then", async () => {
      const busy = await released("busy", { replicas: 1 });
      const order = await orderFor(busy);
      const api = before("deployments", () => busy.scale("green", 3));
      expect(await act(busy, order, api)).toMatchObject({ kind: "applied" });
      expect((await busy.deployment("blue")).status?.readyReplicas).toBe(3);
      expect(await replicas(busy, "green")).toBe(3);
    });

    it("a colour that was scaled between the look and the change is looked at anew, and keeps what it has", async () => {
      const raced = await released("raced", { replicas: 2 });
      const order = await orderFor(raced);
      const api = before("deployments", () => raced.scale("blue", 3));
      expect(await act(raced, order, api)).toMatchObject({ kind: "applied" });
      expect(await replicas(raced, "blue")).toBe(3);
    });
  });

  describe("trap 21: what somebody did since the decision is not undone", () => {
    it("annotations and ports that others set on the Service at the last moment stay", async () => {
      const touched = await released("touched");
      const { namespace } = scene;
      const api = before("services", async () => {
        await scene.kubectl("annotate", "service/touched", "example.org/ticket=OPS-1");
        const ports = [{ port: 81, targetPort: 8000 }];
        await scene.harness.mergePatch(`/api/v1/namespaces/${namespace}/services/touched`, {
          spec: { ports },
        });
      });
      expect(await act(touched, await orderFor(touched), api)).toMatchObject({ kind: "applied" });
      const { metadata, spec } = await touched.service();
      expect(metadata.annotations).toMatchObject({
        "example.org/ticket": "OPS-1",
        [DECISION]: "d-touched",
      });
      expect(spec).toMatchObject({ selector: { color: "blue" }, ports: [{ port: 81 }] });
    });

    it("a switch by hand at the last moment", async () => {
      const hand = await released("hand", { replicas: 1 });
      const order = await orderFor(hand);
      const outcome = await act(
        hand,
        order,
        before("services", () => hand.switchTo("blue")),
      );
      expect(outcome).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(outcome.detail).toContain("it selects color=blue, which runs something else");
      expect(await hand.selected()).toBe("blue");
      expect((await hand.service()).metadata.annotations?.[DECISION]).toBeUndefined();
      expect(await strategyFor(hand).inspect(order)).toBe("moved");
    });

    it("a fix in the live colour", async () => {
      const fixed = await released("fixed", { replicas: 0 });
      const order = await orderFor(fixed);
      await scene.setImage("fixed-green", "vcci-api:v3");
      expect(await act(fixed, order)).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(await replicas(fixed, "blue")).toBe(0);
    });

    it("another version in the other colour", async () => {
      const staged = await released("staged", { replicas: 0 });
      const order = await orderFor(staged);
      await scene.setImage("staged-blue", "vcci-api:v3");
      expect(await act(staged, order)).toMatchObject({ kind: "failed", reason: "revision-missing" });
      await scene.kubectl("delete", "deployment/staged-blue");
      const outcome = await act(staged, order);
      expect(outcome).toMatchObject({ kind: "failed", reason: "revision-missing" });
      expect(outcome.detail).toContain("no Deployment makes pods with the labels app=staged,color=blue");
      expect(await staged.selected()).toBe("green");
    });

    it("a freeze while the other colour gets ready", async () => {
      const frozen = await released("frozen", { blue: "vcci-api:v2-never-ready", replicas: 1 });
      const order = await orderFor(frozen);
      const isScaled = async () => ((await replicas(frozen, "blue")) === 1 ? "alice froze it" : undefined);
      let why: string | undefined;
      const recheck = async (): Promise<Checked> =>
        why === undefined ? { kind: "clear" } : { kind: "held", reason: "frozen", detail: why };
      const outcome = allTries(strategyFor(frozen), order, { recheck });
      await eventually("blue is scaled", async () => {
        why = await isScaled();
        expect(why).toBeDefined();
      });
      expect(await outcome).toMatchObject({ kind: "failed", reason: "frozen" });
      expect(await frozen.selected()).toBe("green");
    });
  });

  it("trap 24: an act whose answer was lost is recognised and not repeated", async () => {
    const lost = await released("lost", { replicas: 1 });
    const order = await orderFor(lost);
    const deaf: KubeApi = {
      ...scene.api,
      patch: async (...args) => {
        const answer = await scene.api.patch(...args);
        if (args[0].resource === "services") throw new KubeError("unreachable", "no answer");
        return answer as never;
      },
    };
    expect(await act(lost, order, deaf)).toMatchObject({ kind: "applied" });
    expect(await lost.selected()).toBe("blue");
  });
});
