import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import { groupStandings } from "../../src/releases/deployment-standing.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import { watchGroup } from "../../src/releases/group-watch.ts";
import { differing } from "../../src/releases/group.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { groupStrategy } from "../../src/rollback/group.ts";
import { grant } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { policy } from "../support/model.ts";
import { createScene, type Scene } from "./deployment-scene.ts";
import { type EndOfTry, fewTries } from "./tries.ts";

const NEVER = new AbortController().signal;

/** Two Deployments, both released from v1 to v2, and what is known of them. */
interface Pair {
  readonly names: readonly [string, string];
  readonly watch: TargetWatch;
  readonly order: RollbackOrder;
}

describeOnCluster("trap 25: a group of Deployments is rolled back", (kubeconfig) => {
  let scene: Scene;
  const watches: TargetWatch[] = [];
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
  });
  afterAll(async () => {
    await Promise.all(watches.map((watch) => watch.stop()));
    await scene.stop();
  });

  const reread = async (watch: TargetWatch): Promise<TargetSnapshot> => {
    const lookup = await watch.reread();
    if (!lookup.ok) throw new Error(lookup.detail);
    return lookup.snapshot;
  };
  /** The second begins with another letter than the first, so that the order written is not the order of names. */
  const pair = async (prefix: string, images: readonly string[] = ["vcci-api:v1", "vcci-api:v2"]) => {
    const names = [`worker-${prefix}`, `api-${prefix}`] as const;
    await Promise.all(names.map((name) => scene.create(name, images.slice(0, 1))));
    // The cluster tells by the second, and what is made in the second of a change belongs to it.
    await sleep(1_100);
    for (const image of images.slice(1)) await Promise.all(names.map((name) => scene.setImage(name, image)));
    return followed(names);
  };
  const followed = async (names: Pair["names"]): Promise<Pair> => {
    const { api, namespace } = scene;
    const of = (deployment: string) => watchDeployment({ api, namespace, deployment, now: Date.now });
    const target = `${namespace}/${names.toSorted().join("+")}`;
    const watch = watchGroup(target, new Map(names.map((name) => [name, of(name)])));
    watches.push(watch);
    const { uid, release } = await reread(watch);
    const order: RollbackOrder = {
      decisionId: `d-${names[1]}`,
      policy: policy({ target: { kind: "group", namespace, deployments: names } }),
      target,
      uid,
      release: release.id,
      from: release.revision,
      to: release.previous ?? release.revision,
      reason: "errors",
    };
    return { names, watch, order };
  };
  const strategyOf = ({ watch }: Pair, api: KubeApi = scene.api) =>
    fewTries(groupStrategy({ api, now: Date.now, watch }));
  const act = (of: Pair, api: KubeApi = scene.api): Promise<EndOfTry> =>
    strategyOf(of, api).act(of.order, NEVER);
  const images = async ({ names }: Pair): Promise<readonly unknown[]> => {
    const both = await Promise.all(names.map(scene.get));
    return both.map(({ spec }) => spec.template.spec.containers[0]?.image);
  };
  /** Nothing that was written can be seen, not even a note of the attempt. */
  const generations = async ({ names }: Pair): Promise<readonly unknown[]> => {
    const both = await Promise.all(names.map(scene.get));
    return both.map(({ metadata }) => [metadata.generation, metadata.annotations]);
  };
  /** An API port that fails each real change of a Deployment that `fails` says. */
  const failing = (fails: (name: string) => boolean): KubeApi => ({
    ...scene.api,
    patch: async (ref, patch, signal) => {
      if (ref.resource === "deployments" && patch.dryRun !== true && fails(ref.name ?? "")) {
        throw new KubeError("rejected", "the quota is used up");
      }
      return scene.api.patch(ref, patch, signal);
    },
  });

  it.concurrent("every member, in the order of the policy, and the watch shows the whole when it is done", async () => {
    const both = await pair("both");
    const changed: string[] = [];
    const noting: KubeApi = {
      ...scene.api,
      patch: (ref, patch, signal) => {
        if (patch.dryRun !== true) changed.push(ref.name ?? "");
        return scene.api.patch(ref, patch, signal);
      },
    };
    const outcome = await act(both, noting);
    expect(outcome).toMatchObject({ kind: "applied" });
    expect(outcome.detail).toContain("worker-both: The template of revision 1 (vcci-api:v1) is in force");
    expect(changed).toEqual(both.names);
    expect(await images(both)).toEqual(["vcci-api:v1", "vcci-api:v1"]);
    const now = both.watch.current();
    expect(now).toMatchObject({
      ok: true,
      snapshot: { release: { cause: "rollback", revision: { digest: both.order.to.digest } } },
    });
    await Promise.all(both.names.map(scene.settled));
    const { release, earlier, rollbacks } = await reread(both.watch);
    expect(release).toMatchObject({ cause: "rollback", revision: { name: "api-both:3,worker-both:3" } });
    expect(earlier).toMatchObject([{ name: "api-both:2,worker-both:2", standing: "quarantined" }]);
    expect(rollbacks).toMatchObject([{ decisionId: "d-api-both", fromDigest: both.order.from.digest }]);
    expect(await strategyOf(both).inspect(both.order)).toBe("applied");
    const before = await generations(both);
    expect(await act(both)).toMatchObject({ kind: "applied" });
    expect(await generations(both)).toEqual(before);
  });

  it.concurrent("a member that the release did not change stays as it is", async () => {
    const both = await pair("one", ["vcci-api:v1"]);
    await scene.setImage("api-one", "vcci-api:v2");
    // As if it had come long after the first release, and not within the time that makes two changes one.
    const { members = {} } = both.order.to;
    const { release, uid } = await reread(both.watch);
    const order = { ...both.order, uid, from: release.revision, to: { ...both.order.to, members } };
    const [worker] = await generations(both);
    expect(await act({ ...both, order })).toMatchObject({ kind: "applied" });
    expect(await images(both)).toEqual(["vcci-api:v1", "vcci-api:v1"]);
    expect((await generations(both))[0]).toEqual(worker);
    const moved = { ...both, order };
    expect(await strategyOf(moved).inspect(order)).toBe("applied");
  });

  describe("and not at all when a rehearsal shows that one member would not pass", () => {
    it.concurrent("one that is paused", async () => {
      const both = await pair("paused");
      await scene.kubectl("rollout", "pause", "deployment/api-paused");
      await scene.settled("api-paused");
      const before = await generations(both);
      const outcome = await act(both);
      expect(outcome).toMatchObject({ kind: "failed", reason: "paused" });
      expect(outcome.detail).toMatch(/api-paused.*is paused/u);
      expect(outcome.detail).not.toContain("resume");
      expect(await generations(both)).toEqual(before);
      expect(await strategyOf(both).inspect(both.order)).toBe("not-applied");
    });

    it.concurrent("one that the account may not change", async () => {
      const both = await pair("denied");
      const dir = mkdtempSync(join(tmpdir(), "rollbackd-account-"));
      const account = { namespace: scene.namespace, name: "half", dir };
      const connection = await connect(await createServiceAccount(scene.harness, kubeconfig, account));
      try {
        const who = { namespace: scene.namespace, account: "half" };
        await grant(scene.kubectl, {
          ...who,
          role: "half-read",
          verbs: ["get", "list", "watch"],
          resources: ["deployments.apps", "replicasets.apps"],
        });
        await grant(scene.kubectl, {
          ...who,
          role: "half-patch",
          verbs: ["patch"],
          resources: ["deployments.apps"],
          resourceName: "worker-denied",
        });
        const before = await generations(both);
        const outcome = await act(both, kubeApi(connection));
        expect(outcome).toMatchObject({ kind: "failed", reason: "forbidden" });
        expect(outcome.detail).toContain('deployment "api-denied"');
        expect(await generations(both)).toEqual(before);
      } finally {
        await connection.close();
        rmSync(dir, { recursive: true });
      }
    });

    it.concurrent("one that somebody fixed since the decision (trap 21)", async () => {
      const both = await pair("fixed");
      await scene.setImage("api-fixed", "vcci-api:v3");
      const before = await generations(both);
      expect(await act(both)).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(await generations(both)).toEqual(before);
      expect(await strategyOf(both).inspect(both.order)).toBe("moved");
    });

    it.concurrent("one that was to stay and is another by now", async () => {
      const both = await pair("kept", ["vcci-api:v1"]);
      await scene.setImage("worker-kept", "vcci-api:v2");
      const { release } = await reread(both.watch);
      const order = { ...both.order, from: release.revision };
      await scene.setImage("api-kept", "vcci-api:v3");
      const outcome = await act({ ...both, order });
      expect(outcome).toMatchObject({ kind: "failed", reason: "superseded" });
      expect(outcome.detail).toContain("api-kept no longer runs revision 1");
      expect(await images(both)).toEqual(["vcci-api:v2", "vcci-api:v3"]);
    });
  });

  describe("and when a member fails after all would have passed", () => {
    it.concurrent("the first: nothing was changed, for its own reason", async () => {
      const both = await pair("first");
      const outcome = await act(
        both,
        failing((name) => name === "worker-first"),
      );
      expect(outcome).toMatchObject({ kind: "failed", reason: "rejected" });
      expect(await images(both)).toEqual(["vcci-api:v2", "vcci-api:v2"]);
    });

    it.concurrent("a later one: what moved stays, and people get a command to finish and one to go back", async () => {
      const both = await pair("later");
      const failed = await act(
        both,
        failing((name) => name === "api-later"),
      );
      expect(failed).toMatchObject({ kind: "failed", reason: "partly-applied" });
      expect(failed.detail).toContain("worker-later was moved from revision 2 to 1");
      expect(failed.detail).toContain("api-later still runs revision 2. the quota is used up.");
      const [, finish = "", back = ""] =
        /To finish: kubectl (.+?)\. To go back instead: kubectl (.+)\.$/.exec(failed.detail) ?? [];
      expect(await images(both)).toEqual(["vcci-api:v1", "vcci-api:v2"]);
      await Promise.all(both.names.map(scene.settled));
      // It is half back, and nothing makes it go further by itself.
      const half = await reread(both.watch);
      expect(half.release).toMatchObject({ cause: "rollback" });
      expect(await strategyOf(both).inspect(both.order)).toMatchObject({
        kind: "failed",
        reason: "partly-applied",
      });
      await scene.kubectl(...finish.split(" ").slice(2));
      expect(await images(both)).toEqual(["vcci-api:v1", "vcci-api:v1"]);
      await scene.settled("worker-later");
      await scene.kubectl(...back.split(" ").slice(2));
      expect(await images(both)).toEqual(["vcci-api:v2", "vcci-api:v1"]);
    });

    it.concurrent("trap 25: what a person finished is whole, and is gone on with after a crash as if it was done here", async () => {
      const both = await pair("hand");
      const setBack = (name: string) => scene.kubectl("rollout", "undo", `deployment/${name}`);
      await setBack("worker-hand");
      await setBack("api-hand");
      expect(await strategyOf(both).inspect(both.order)).toBe("moved");
      const half = await pair("helped");
      await act(
        half,
        failing((name) => name === "api-helped"),
      );
      await setBack("api-helped");
      expect(await strategyOf(half).inspect(half.order)).toBe("applied");
      expect(await act(half)).toMatchObject({
        kind: "applied",
        detail: expect.stringMatching(/^Somebody else finished it: every member runs /u) as string,
      });
      await scene.setImage("api-helped", "vcci-api:v3");
      expect(await strategyOf(half).inspect(half.order)).toMatchObject({ reason: "partly-applied" });
    });

    it.concurrent("the same decision told again, as after a crash, moves the rest", async () => {
      const both = await pair("again");
      await act(
        both,
        failing((name) => name === "api-again"),
      );
      expect(await act(both)).toMatchObject({ kind: "applied" });
      expect(await images(both)).toEqual(["vcci-api:v1", "vcci-api:v1"]);
    });
  });

  it.concurrent("trap 40: standings are kept on the ReplicaSets of every member, and good only together", async () => {
    const both = await pair("marked", ["vcci-api:v1"]);
    const mark = groupStandings(scene.api);
    const { target, to } = both.order;
    await mark(target, to.digest, { kind: "good", at: Date.now() }, to.members);
    await Promise.all(both.names.map((name) => scene.setImage(name, "vcci-api:v2")));
    const { release, earlier } = await reread(both.watch);
    expect(release.revision.standing).toBe("unproven");
    expect(earlier).toMatchObject([{ digest: to.digest, standing: "good" }]);
    const moved = differing(release.revision, to);
    await mark(target, release.revision.digest, { kind: "quarantined", decisionId: "d-1" }, moved);
    await eventually("both are marked", async () => {
      for (const name of both.names) {
        expect((await scene.snapshot(name)).release.revision.standing).toBe("quarantined");
      }
    });
  });
});
