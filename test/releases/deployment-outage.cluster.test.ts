import { afterAll, beforeAll, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect, type Connection } from "../../src/kubernetes/connect.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { describeOnOwnControlPlane } from "../cluster/shared.ts";
import { createScene, type Scene } from "../rollback/deployment-scene.ts";
import { eventually } from "../support/eventually.ts";

describeOnOwnControlPlane("a watch outlives its API server", () => {
  let plane: ControlPlane;
  let scene: Scene;
  let connection: Connection;
  let watch: TargetWatch;
  const states: string[] = [];
  beforeAll(async () => {
    plane = await startControlPlane();
    scene = await createScene(plane.kubeconfig);
    await scene.create("vcci-api", ["vcci-api:v1"], { replicas: 0 });
    connection = await connect(plane.kubeconfig);
    watch = watchDeployment({
      api: kubeApi(connection, { timeoutMs: 1000 }),
      namespace: scene.namespace,
      deployment: "vcci-api",
      now: Date.now,
      onStatus: (resource, { state }) => states.push(`${resource} ${state}`),
      pace: { minBackoffMs: 50, maxBackoffMs: 500, watchSeconds: 60, idleMs: 2000 },
    });
    await sees("1");
  });
  afterAll(async () => {
    await watch.stop();
    await connection.close();
    await scene.stop();
    await plane.stop();
  });

  const sees = (revision: string) =>
    eventually(`revision ${revision}`, () => {
      const seen = watch.current();
      expect(seen.ok ? seen.snapshot.release.revision.name : seen.detail).toBe(revision);
    });
  const isFollowing = () =>
    eventually("all three are followed again", () => {
      const last = ["deployments", "replicasets", "pods"].map((resource) =>
        states.findLast((state) => state.startsWith(resource)),
      );
      expect(last).toEqual(["deployments synced", "replicasets synced", "pods synced"]);
    });

  it("while it restarts, what was last seen stays; after it, releases are seen again", async () => {
    const startAgain = await plane.stopApiServer();
    await eventually("it is noticed", () => expect(states).toContain("deployments stale"));
    await sees("1");
    expect(watch.current()).toMatchObject({
      stale: {
        since: expect.any(Number) as number,
        detail: expect.stringMatching(/Could not (watch|list)/) as string,
      },
    });
    await eventually("it answers no more", async () => {
      expect(await watch.reread()).toMatchObject({ ok: false, reason: "unreachable" });
    });
    await startAgain();
    await isFollowing();
    expect(watch.current()).not.toHaveProperty("stale");
    await scene.setImage("vcci-api", "vcci-api:v2");
    await sees("2");
  });

  it("a server that accepts connections and says nothing is noticed, and left behind when it wakes", async () => {
    states.length = 0;
    const thaw = plane.freezeApiServer();
    try {
      const began = performance.now();
      expect(await watch.reread()).toMatchObject({ ok: false, reason: "unreachable" });
      expect(performance.now() - began).toBeLessThan(8_000);
      await eventually("silence is noticed", () => expect(states).toContain("deployments stale"));
      await sees("2");
      expect(watch.current()).toHaveProperty("stale");
    } finally {
      thaw();
    }
    await isFollowing();
    await scene.setImage("vcci-api", "vcci-api:v3");
    await sees("3");
  });
});
