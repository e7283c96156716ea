import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { createBlueGreen } from "../rollback/blue-green-scene.ts";
import { createScene, type Scene } from "../rollback/deployment-scene.ts";
import { eventually } from "../support/eventually.ts";
import { alsoInNewPods } from "./also-in-new-pods.ts";

describeOnCluster("a blue/green Service is watched", (kubeconfig) => {
  let scene: Scene;
  let watch: TargetWatch | undefined;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
  });
  afterEach(() => watch?.stop());
  afterAll(() => scene.stop());

  const sees = (check: (snapshot: TargetSnapshot) => void) =>
    eventually("the watch sees it", () => {
      const seen = watch?.current();
      if (!seen?.ok) throw new Error(seen?.detail ?? "no watch");
      check(seen.snapshot);
      return seen.snapshot;
    });

  it("a switch is a release, whatever else is done to the Service and to the other colour", async () => {
    const images = { blue: "vcci-api:v1", green: "vcci-api:v2" };
    const shop = await createBlueGreen(scene, "shop", images, { green: { replicas: 0 } });
    watch = shop.watch();
    const first = await sees(({ release }) => expect(release.revision.name).toBe("blue:1"));
    expect(first).toMatchObject({ target: `${scene.namespace}/service/shop`, earlier: [] });

    const switched = Date.now();
    await shop.switchTo("green");
    const second = await sees(({ release }) => expect(release.id).toMatch(/service\/shop@green:1$/));
    expect(second.release).toMatchObject({ cause: "deploy", previous: { name: "blue:1" } });
    // The cluster dates to the second.
    expect(second.release.startedAt).toBeGreaterThanOrEqual(Math.floor(switched / 1000) * 1000);
    expect(second.release.startedAt).toBeLessThanOrEqual(Date.now());
    expect(second.release.clockAt).toBe(second.release.startedAt);
    expect(second.earlier).toMatchObject([{ name: "blue:1", images: { api: "vcci-api:v1" } }]);
    // A daemon that starts now finds the same, from the cluster alone.
    expect((await shop.snapshot()).release).toEqual(second.release);

    await scene.kubectl("label", "service/shop", "team=payments");
    await scene.kubectl("rollout", "restart", "deployment/shop-green");
    await shop.scale("green", 2);
    await sees(({ rollout }) => expect(rollout.detail).toContain("of 2 pods"));
    expect((await sees(() => undefined)).release).toEqual(alsoInNewPods(second.release));

    await scene.setImage("shop-blue", "vcci-api:v3");
    const staged = await sees(({ earlier }) => expect(earlier).toEqual([]));
    expect(staged.release).toMatchObject({ id: second.release.id, startedAt: second.release.startedAt });
  });

  it("says what is missing, and sees it once it is there", async () => {
    const images = { blue: "vcci-api:v1", green: "vcci-api:v2" };
    const bare = await createBlueGreen(scene, "bare", images, {
      blue: { replicas: 0 },
      green: { replicas: 0 },
    });
    await scene.kubectl("delete", "deployment/bare-blue");
    watch = bare.watch();
    await eventually("it is told", () => {
      const seen = watch?.current();
      expect(seen).toMatchObject({ ok: false, reason: "unknown-version" });
      expect(seen?.ok ? "" : seen?.detail).toContain("app=bare,color=blue");
    });
    await bare.switchTo("green");
    await sees(({ release }) => expect(release.revision.name).toBe("green:1"));
    await scene.kubectl("delete", "service/bare");
    await eventually("it is gone", () => {
      expect(watch?.current()).toMatchObject({ ok: false, reason: "not-found" });
    });
  });
});
