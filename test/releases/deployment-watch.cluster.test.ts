import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import type { Release, TargetSnapshot } from "../../src/releases/release.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { vcciApiImages } from "../cluster/images.ts";
import { startKubelet, type Kubelet } from "../cluster/kubelet.ts";
import { grant } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { createScene, type Scene } from "../rollback/deployment-scene.ts";
import { eventually } from "../support/eventually.ts";
import { alsoInNewPods } from "./also-in-new-pods.ts";

/** Between then and now; the cluster dates to the second. */
function expectWithin(at: number, since: number): void {
  expect(at).toBeGreaterThanOrEqual(Math.floor(since / 1000) * 1000);
  expect(at).toBeLessThanOrEqual(Date.now());
}

describeOnCluster("a Deployment is watched", (kubeconfig) => {
  let scene: Scene;
  let kubelet: Kubelet;
  let watch: TargetWatch | undefined;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    kubelet = await startKubelet({ kubeconfig, namespaces: [scene.namespace], images: vcciApiImages });
  });
  afterEach(() => watch?.stop());
  afterAll(async () => {
    await scene.stop();
    await kubelet.stop();
  });

  const start = (deployment: string) => {
    watch = watchDeployment({ api: scene.api, namespace: scene.namespace, deployment, now: Date.now });
    return watch;
  };
  const sees = (check: (snapshot: TargetSnapshot) => void) =>
    eventually(
      "the watch sees it",
      () => {
        const seen = watch?.current();
        if (!seen?.ok) throw new Error(seen?.detail ?? "no watch");
        check(seen.snapshot);
        return seen.snapshot;
      },
      { withinMs: 40_000 },
    );
  const complete = () => sees(({ rollout }) => expect(rollout).toMatchObject({ complete: true }));

  it("from its creation over a release, a restart and an undo to its end", async () => {
    const seen: Release[] = [];
    const watched = start("life");
    watched.onChange(() => {
      const now = watched.current();
      if (now.ok && now.snapshot.release.id !== seen.at(-1)?.id) seen.push(now.snapshot.release);
    });
    await eventually("it is not there yet", () => {
      expect(watched.current()).toMatchObject({ ok: false, reason: "not-found" });
    });

    const created = Date.now();
    await scene.create("life", ["vcci-api:v1"], { replicas: 1 });
    const first = await complete();
    expect(first.release).toMatchObject({ id: `${scene.namespace}/life@1`, previous: undefined });
    expectWithin(first.release.startedAt, created);
    expect(first.release.clockAt).toBeGreaterThanOrEqual(first.release.startedAt);

    await scene.setImage("life", "vcci-api:v3");
    const second = await complete();
    expect(second.release).toMatchObject({ id: `${scene.namespace}/life@2`, previous: { name: "1" } });

    // trap 41: all pods are new, but nothing was released, so neither the dates nor the name move.
    await scene.kubectl("rollout", "restart", "deployment/life");
    await scene.kubectl("rollout", "status", "deployment/life", "--timeout=25s");
    await sees(({ rollout }) => expect(rollout.detail).toBe("1 of 1 pods updated, 1 available"));
    expect((await complete()).release).toEqual(alsoInNewPods(second.release));

    const undone = Date.now();
    await scene.kubectl("rollout", "undo", "deployment/life", "--to-revision=1");
    const third = await sees(({ release, rollout }) => {
      expect(release.id).toBe(`${scene.namespace}/life@4`);
      expect(rollout.complete).toBe(true);
    });
    // Its ReplicaSet is the oldest of all; what counts is when it was put back.
    expectWithin(third.release.startedAt, undone);
    expect(third.release.clockAt).toBeGreaterThanOrEqual(third.release.startedAt);
    expect(third.release.previous?.digest).toBe(second.release.revision.digest);

    // A daemon that starts now finds the same, from the cluster alone.
    const fresh = await scene.snapshot("life");
    expect(fresh.release.id).toBe(third.release.id);
    expect(Math.abs(fresh.release.startedAt - third.release.startedAt)).toBeLessThanOrEqual(1000);

    await scene.kubectl("delete", "deployment/life");
    await eventually("it is gone", () => {
      expect(watched.current()).toMatchObject({ ok: false, reason: "not-found" });
    });
    expect(seen.map(({ id }) => id.split("@")[1])).toEqual(["1", "2", "4"]);
  });

  it("trap 38: a release whose pods never become Ready is stalled and has a clock", async () => {
    await scene.create("stuck", ["vcci-api:v1"], { replicas: 1, progressDeadlineSeconds: 3 });
    start("stuck");
    await complete();
    await scene.setImage("stuck", "vcci-api:v2-never-ready");
    const { release, rollout } = await sees(({ rollout }) => expect(rollout.stalled).toBe(true));
    expect(rollout.detail).toContain("has timed out progressing");
    expect(release.clockAt).toBeGreaterThan(release.startedAt);
    // What is put back is judged afresh: the stall of the release before is not its own.
    await scene.kubectl("rollout", "undo", "deployment/stuck");
    const back = await sees(({ release }) => expect(release.id).toMatch(/@3$/));
    expect(back.rollout.stalled).toBe(false);
    await complete();
  });

  it("reads it anew when asked, and says why it cannot", async () => {
    await scene.create("read", ["vcci-api:v1"], { replicas: 0 });
    const dir = mkdtempSync(join(tmpdir(), "rollbackd-account-"));
    const account = { namespace: scene.namespace, name: "stranger", dir };
    const connection = await connect(await createServiceAccount(scene.harness, kubeconfig, account));
    const api = kubeApi(connection);
    watch = watchDeployment({ api, namespace: scene.namespace, deployment: "read", now: Date.now });
    const reread = await watch.reread();
    expect(reread).toMatchObject({ ok: false, reason: "forbidden" });
    expect(reread.ok ? "" : reread.detail).toContain('resources: ["deployments"], verbs: ["get"]');
    await eventually("the watch says so too", () => {
      const current = watch?.current();
      expect(current).toMatchObject({ ok: false, reason: "forbidden" });
      expect(current?.ok ? "" : current?.detail).toContain('verbs: ["list"]');
    });

    await grant(scene.kubectl, {
      namespace: scene.namespace,
      account: "stranger",
      role: "viewer",
      verbs: ["get", "list", "watch"],
      resources: ["deployments.apps", "replicasets.apps", "pods"],
    });
    await sees(({ target }) => expect(target).toBe(`${scene.namespace}/read`));
    expect(await watch.reread()).toMatchObject({ ok: true });
    await watch.stop();
    await connection.close();
    rmSync(dir, { recursive: true });
  });
});
