import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deploymentSnapshot } from "../../src/releases/deployment-snapshot.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import { watchGroup } from "../../src/releases/group-watch.ts";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { chooseTarget } from "../../src/releases/standing.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { createScene, type Scene } from "../rollback/deployment-scene.ts";
import { createStatefulSetScene, type StatefulSetScene } from "../rollback/statefulset-scene.ts";
import { eventually } from "../support/eventually.ts";

/** The cluster dates changes by the second. */
const A_SECOND_MS = 1_100;

describeOnCluster("history that the cluster has lost", (kubeconfig) => {
  let scene: Scene;
  let statefulSets: StatefulSetScene;
  const watches: TargetWatch[] = [];
  beforeAll(async () => {
    [scene, statefulSets] = await Promise.all([createScene(kubeconfig), createStatefulSetScene(kubeconfig)]);
  });
  afterAll(async () => {
    await Promise.all(watches.map((watch) => watch.stop()));
    await Promise.all([scene.stop(), statefulSets.stop()]);
  });

  /** A group whose second member keeps no history, and a log that has what was seen of it. */
  const group = async (prefix: string) => {
    const names = [`api-${prefix}`, `worker-${prefix}`] as const;
    const [api, worker] = names;
    await scene.create(api, ["vcci-api:v1"], { replicas: 0 });
    await scene.create(worker, ["vcci-api:v1"], { replicas: 0, revisionHistoryLimit: 0 });
    const log: LoggedRelease[] = [];
    const { namespace } = scene;
    const follow = () => {
      const members = names.map(
        (name) =>
          [name, watchDeployment({ api: scene.api, namespace, deployment: name, now: Date.now })] as const,
      );
      const watch = watchGroup(`${namespace}/${names.join("+")}`, new Map(members), () => log);
      watches.push(watch);
      return watch;
    };
    const look = async (watch: TargetWatch): Promise<TargetSnapshot> => {
      const lookup = await watch.reread();
      if (!lookup.ok) throw new Error(lookup.detail);
      return lookup.snapshot;
    };
    const observe = async (watch: TargetWatch) => {
      const { id, revision, startedAt } = (await look(watch)).release;
      log.push({ id, version: revision.digest, startedAt });
    };
    const forgotten = () =>
      eventually(`${worker} has forgotten what it ran`, async () =>
        expect(await scene.replicaSets(worker)).toHaveLength(1),
      );
    return { api, worker, follow, look, observe, forgotten };
  };

  const target = ({ release, earlier }: TargetSnapshot) => chooseTarget(release, earlier, false);

  it.each([
    ["the member without history first", true],
    ["the member without history last", false],
  ])("does not make a combination that ran in transit a target: %s", async (_, workerFirst) => {
    const { api, worker, follow, look, observe, forgotten } = await group(workerFirst ? "first" : "last");
    const watch = follow();
    await observe(watch);
    await sleep(A_SECOND_MS);
    const order = workerFirst ? [worker, api] : [api, worker];
    for (const name of order) {
      await scene.setImage(name, "vcci-api:v2");
      await observe(watch);
      await sleep(A_SECOND_MS);
    }
    await forgotten();
    for (const seen of [await look(watch), await look(follow())]) {
      expect(target(seen)).toBeUndefined();
      expect(seen.earlier).toEqual([]);
      expect(seen.release.nothingBefore).toMatch(
        new RegExp(
          `^${api}:1,${worker}:1 ran before it as a whole and cannot be put back: ${worker}: no ReplicaSet holds revision 1 .*revisionHistoryLimit is 0`,
          "u",
        ),
      );
    }
  });

  it("is named for a Deployment, with the revision that the log knows", async () => {
    await scene.create("single", ["vcci-api:v1"], { replicas: 0, revisionHistoryLimit: 0 });
    await scene.setImage("single", "vcci-api:v2");
    await eventually("the first ReplicaSet is gone", async () =>
      expect(await scene.replicaSets("single")).toHaveLength(1),
    );
    const seen = await scene.snapshot("single");
    expect(target(seen)).toBeUndefined();
    expect(seen.release.nothingBefore).toBe(
      "no ReplicaSet holds revision 1 any more, which ran before it (revisionHistoryLimit is 0)",
    );
    const logged = [{ id: `${seen.target}@9`, version: "another", startedAt: 0 }];
    const view = { replicaSets: await scene.replicaSets("single"), pods: [], at: Date.now() };
    const known = deploymentSnapshot({ ...view, deployment: await scene.get("single") }, { logged });
    expect(known?.snapshot.release.nothingBefore).toContain("revision 9");
  });

  it("is named for a StatefulSet", async () => {
    const history = { revisionHistoryLimit: 0, replicas: 0 };
    await statefulSets.create("db", ["vcci-api:v1", "vcci-api:v2"], history);
    await eventually("the first ControllerRevision is gone", async () =>
      expect(await statefulSets.revisions("db")).toHaveLength(1),
    );
    const seen = await statefulSets.snapshot("db");
    expect(target(seen)).toBeUndefined();
    expect(seen.release.nothingBefore).toMatch(
      /^no ControllerRevision holds revision 1 any more.*revisionHistoryLimit is 0/u,
    );
  });
});
