import { describe, expect, it } from "vitest";
import {
  formatRollbacks,
  goodNote,
  quarantinedNote,
  ROLLBACKS,
  STANDING,
  type RollbackNote,
} from "../../src/kubernetes/annotations.ts";
import type { Deployment, Pod, PodTemplate, ReplicaSet } from "../../src/kubernetes/objects.ts";
import { templateDigest } from "../../src/releases/deployment-digest.ts";
import { deploymentSnapshot, type ReleaseMemory } from "../../src/releases/deployment-snapshot.ts";
import { clock } from "../support/model.ts";
import {
  deployment,
  done,
  readyPod,
  replicaSet,
  restarted,
  stuck,
  template,
  UID,
} from "./deployment-fixture.ts";

const V1 = template("vcci-api:v1");
const V2 = template("vcci-api:v2");
const V3 = template("vcci-api:v3");
const rs1 = replicaSet({ revision: 1, template: V1, created: "09:00:00" });
const rs2 = replicaSet({ revision: 2, template: V2, created: "10:00:00" });

interface Scene {
  readonly deployment: Deployment;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods?: readonly Pod[];
  readonly at?: string;
  readonly memory?: ReleaseMemory;
}

function look({ at = "10:30:00", pods = [], memory, ...objects }: Scene) {
  const seen = deploymentSnapshot({ ...objects, pods, at: clock(at) }, { memory });
  if (seen === undefined) throw new Error("nothing runs");
  return seen;
}

const releaseOf = (scene: Scene) => look(scene).snapshot.release;

function rolledBack(from: PodTemplate, to: PodTemplate, revision: number, uid = UID): RollbackNote {
  const at = clock("10:10:00");
  return { decision: "d1", at, uid, from: templateDigest(from), to: templateDigest(to), revision };
}

function remembered(...notes: readonly RollbackNote[]): Readonly<Record<string, string>> {
  return { [ROLLBACKS]: formatRollbacks(notes) };
}

describe("images", () => {
  const digest = (letter: string): string => `vcci-api@sha256:${letter.repeat(64)}`;
  const withInit = {
    ...V2,
    spec: {
      containers: [{ name: "api", image: "vcci-api:v2" }],
      initContainers: [{ name: "init", image: "init:v2" }],
    },
  };
  const rs = replicaSet({ revision: 2, template: withInit, created: "10:00:00" });
  const pulling = (of: ReplicaSet, api: string, init?: string): Pod => {
    const pod = readyPod(of, "10:01:00");
    const statuses = {
      containerStatuses: [{ name: "api", imageID: api }],
      ...(init !== undefined && { initContainerStatuses: [{ name: "init", imageID: init }] }),
    };
    return { ...pod, status: { ...pod.status, ...statuses } };
  };

  it("are known by what the pods of the running revision pulled, each once", () => {
    const pods = [
      pulling(rs, digest("a"), digest("b")),
      pulling(rs, digest("a")),
      // Not started yet.
      pulling(rs, ""),
      pulling(rs1, digest("f")),
    ];
    const { revision } = releaseOf({
      deployment: deployment({ template: withInit }),
      replicaSets: [rs, rs1],
      pods,
    });
    expect(revision.images).toEqual({ init: "init:v2", api: "vcci-api:v2" });
    expect(revision.pulled).toEqual({ "vcci-api:v2": [digest("a")], "init:v2": [digest("b")] });
  });

  it("of two digests where a tag moved between the starts of two pods are both known", () => {
    const pods = [pulling(rs, digest("a")), pulling(rs, digest("c"))];
    const { revision } = releaseOf({
      deployment: deployment({ template: withInit }),
      replicaSets: [rs],
      pods,
    });
    expect(revision.pulled).toEqual({ "vcci-api:v2": [digest("a"), digest("c")] });
  });
});

describe("what is running", () => {
  it("a new template is a release that starts with its ReplicaSet and knows what ran before", () => {
    const { snapshot } = look({ deployment: deployment({ template: V2 }), replicaSets: [rs2, rs1] });
    expect(snapshot).toMatchObject({
      target: "vcci-production/vcci-api",
      uid: UID,
      release: {
        id: "vcci-production/vcci-api@2",
        revision: {
          name: "2",
          digest: templateDigest(V2),
          standing: "unproven",
          images: { api: "vcci-api:v2" },
        },
        previous: { name: "1", digest: templateDigest(V1) },
        startedAt: clock("10:00:00"),
        cause: "deploy",
        reversible: true,
      },
      earlier: [{ name: "1", digest: templateDigest(V1) }],
    });
  });

  it("nothing runs before there is a ReplicaSet", () => {
    const scene = { deployment: deployment({ template: V1 }), replicaSets: [], pods: [], at: 0 };
    expect(deploymentSnapshot(scene)).toBeUndefined();
  });

  it("ReplicaSets of others do not count", () => {
    const stranger = {
      ...rs2,
      metadata: { ...rs2.metadata, ownerReferences: [{ uid: "other", controller: true }] },
    };
    const release = releaseOf({ deployment: deployment({ template: V2 }), replicaSets: [rs1, stranger] });
    expect(release.id).toBe("vcci-production/vcci-api@1");
  });

  it("until a new template has its ReplicaSet, the one before is what runs", () => {
    const release = releaseOf({ deployment: deployment({ template: V3 }), replicaSets: [rs1, rs2] });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@2", startedAt: clock("10:00:00") });
  });

  it("what ran before is unknown when its ReplicaSet was deleted, and an older one is not taken for it", () => {
    const rs3 = replicaSet({ revision: 3, template: V3, created: "10:20:00" });
    const { snapshot } = look({ deployment: deployment({ template: V3 }), replicaSets: [rs1, rs3] });
    expect(snapshot.release.previous).toBeUndefined();
    expect(snapshot.earlier.map(({ name }) => name)).toEqual(["1"]);
  });

  it("its date does not move when the template's owner writes something else later", () => {
    const object = deployment({ template: V2, written: "10:25:00", progressing: done("10:26:00") });
    const release = releaseOf({ deployment: object, replicaSets: [rs1, rs2] });
    expect(release.startedAt).toBe(clock("10:00:00"));
  });

  it("the same template before and after a deleted revision is two releases", () => {
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const release = releaseOf({
      deployment: deployment({ template: V1, written: "10:10:00" }),
      replicaSets: [back],
    });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@3", startedAt: clock("10:10:00") });
  });

  it("trap 39: a template that says it cannot be undone is not reversible", () => {
    const migrated = template("vcci-api:v2", { "rollbackd.io/reversible": "false" });
    const rs = replicaSet({ revision: 2, template: migrated, created: "10:00:00" });
    expect(
      releaseOf({ deployment: deployment({ template: migrated }), replicaSets: [rs1, rs] }).reversible,
    ).toBe(false);
  });
});

describe("a template", () => {
  const running = (pods: PodTemplate) => {
    const rs = replicaSet({ revision: 2, template: pods, created: "10:00:00" });
    return releaseOf({ deployment: deployment({ template: pods }), replicaSets: [rs1, rs] });
  };

  it("without annotations can be undone", () => {
    expect(running({ spec: V2.spec }).reversible).toBe(true);
    expect(running({ metadata: {}, spec: V2.spec }).reversible).toBe(true);
  });

  it("is known by the images of all its containers, those of its start included, and by nothing else", () => {
    expect(running(V2).revision.images).toEqual({ api: "vcci-api:v2" });
    const spec = { initContainers: [{ name: "migrate", image: "m:1" }], containers: [{ name: "api" }] };
    expect(running({ spec }).revision.images).toEqual({ migrate: "m:1", api: "" });
  });
});

it("trap 38: a first release that stalls is stalled, although one of its pods was ready", () => {
  const object = deployment({ template: V2, progressing: stuck("10:12:00"), pods: [2, 2, 2, 1] });
  const scene = { deployment: object, replicaSets: [rs1, rs2], pods: [readyPod(rs2, "10:01:00")] };
  expect(look(scene).snapshot.rollout).toMatchObject({ stalled: true, stalledAt: clock("10:12:00") });
});

describe("ReplicaSets that are seen before the Deployment that made them", () => {
  const declares = (revision: number) => ({ "deployment.kubernetes.io/revision": String(revision) });

  it("are no return to the template that the Deployment still shows", () => {
    const { snapshot } = look({
      deployment: deployment({ template: V1, annotations: declares(1) }),
      replicaSets: [rs1, rs2],
    });
    expect(snapshot.release.id).toBe("vcci-production/vcci-api@1");
    expect(snapshot.earlier).toEqual([]);
  });

  it("and once it shows theirs, theirs is what runs, whether it is numbered yet or not", () => {
    for (const revision of [1, 2]) {
      const object = deployment({ template: V2, annotations: declares(revision) });
      const release = releaseOf({ deployment: object, replicaSets: [rs1, rs2] });
      expect(release).toMatchObject({ id: "vcci-production/vcci-api@2", previous: { name: "1" } });
    }
  });
});

describe("trap 41: a restart is no release", () => {
  const again = restarted("vcci-api:v2", "10:20:00");
  const rs3 = replicaSet({ revision: 3, template: again, created: "10:20:00" });

  it("goes on under the number and from the start of the first ReplicaSet", () => {
    const { snapshot } = look({ deployment: deployment({ template: again }), replicaSets: [rs1, rs2, rs3] });
    expect(snapshot.release).toMatchObject({
      id: "vcci-production/vcci-api@2",
      startedAt: clock("10:00:00"),
      previous: { name: "1" },
    });
    expect(snapshot.earlier.map(({ name }) => name)).toEqual(["1"]);
  });

  it("undoing a restart is no release either", () => {
    const undone = replicaSet({ revision: 4, history: [2], template: V2, created: "10:00:00" });
    const release = releaseOf({ deployment: deployment({ template: V2 }), replicaSets: [rs1, rs3, undone] });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@2", startedAt: clock("10:00:00") });
  });

  it("keeps its number and start in memory when the first ReplicaSet is beyond the history limit", () => {
    const { memory } = look({ deployment: deployment({ template: V2 }), replicaSets: [rs1, rs2] });
    const later = { deployment: deployment({ template: again }), replicaSets: [rs3] };
    expect(releaseOf({ ...later, memory }).id).toBe("vcci-production/vcci-api@2");
    expect(releaseOf(later).id).toBe("vcci-production/vcci-api@3");
  });

  it("does not escape quarantine", () => {
    const annotations = remembered(rolledBack(V2, V1, 7));
    const release = releaseOf({
      deployment: deployment({ template: again, annotations }),
      replicaSets: [rs1, rs2, rs3],
    });
    expect(release.revision.standing).toBe("quarantined");
  });
});

describe("a ReplicaSet that was used before", () => {
  const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });

  it("starts a release dated by who wrote the template, not by its own creation", () => {
    const release = releaseOf({
      deployment: deployment({ template: V1, written: "10:10:00", pods: [2, 3, 1, 1] }),
      replicaSets: [back, rs2],
    });
    expect(release).toMatchObject({
      id: "vcci-production/vcci-api@3",
      startedAt: clock("10:10:00"),
      previous: { name: "2" },
    });
  });

  it("is dated by the end of its rollout when that is earlier than the last write", () => {
    const release = releaseOf({
      deployment: deployment({ template: V1, written: "10:25:00", progressing: done("10:11:00") }),
      replicaSets: [back, rs2],
    });
    expect(release.startedAt).toBe(clock("10:11:00"));
  });

  it("does not take the end of the rollout before for its own while its pods are still to come", () => {
    const release = releaseOf({
      deployment: deployment({
        template: V1,
        written: "10:10:00",
        progressing: done("10:01:00"),
        pods: [2, 2, 0, 2],
      }),
      replicaSets: [back, rs2],
    });
    expect(release.startedAt).toBe(clock("10:10:00"));
  });

  it("has its new number already before the controller writes it", () => {
    const release = releaseOf({
      deployment: deployment({
        template: V1,
        annotations: { "deployment.kubernetes.io/revision": "2" },
        written: "10:10:00",
        pods: [2, 2, 0, 2],
      }),
      replicaSets: [rs1, rs2],
    });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@3", startedAt: clock("10:10:00") });
  });

  it("keeps the earliest date that was seen", () => {
    const first = look({
      deployment: deployment({ template: V1, written: "10:10:00", pods: [2, 2, 0, 2] }),
      replicaSets: [back, rs2],
    });
    const later = { deployment: deployment({ template: V1, written: "10:25:00" }), replicaSets: [back, rs2] };
    expect(releaseOf({ ...later, memory: first.memory }).startedAt).toBe(clock("10:10:00"));
  });
});

describe("what is remembered of a release", () => {
  const { memory } = look({
    deployment: deployment({ template: V2, pods: [2, 3, 1, 0] }),
    replicaSets: [rs1, rs2],
    pods: [readyPod(rs2, "10:01:00")],
  });

  it("is not taken for the same template deployed again later", () => {
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const again = replicaSet({ revision: 4, history: [2], template: V2, created: "10:00:00" });
    const object = deployment({ template: V2, written: "10:20:00", pods: [2, 3, 1, 0] });
    const release = releaseOf({ deployment: object, replicaSets: [back, again], memory });
    expect(release).toMatchObject({
      id: "vcci-production/vcci-api@4",
      startedAt: clock("10:20:00"),
      clockAt: clock("10:30:00"),
    });
  });

  it("is not taken for the same template of a Deployment made anew", () => {
    const anew = replicaSet({ revision: 1, template: V2, created: "10:20:00" });
    const object = deployment({ template: V2, pods: [2, 2, 2, 0] });
    const release = releaseOf({
      deployment: object,
      replicaSets: [anew],
      memory: { ...memory, uid: "the one before" },
    });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@1", startedAt: clock("10:20:00") });
  });
});

describe("the clock of a release", () => {
  const rolling = deployment({ template: V2, pods: [2, 3, 1, 0] });

  it("starts with the first Ready pod of the new template", () => {
    const pods = [readyPod(rs1, "09:01:00"), readyPod(rs2, "10:02:00"), readyPod(rs2, "10:01:00")];
    expect(releaseOf({ deployment: rolling, replicaSets: [rs1, rs2], pods }).clockAt).toBe(clock("10:01:00"));
  });

  it("has not started while there is none and the deadline has not passed", () => {
    const release = releaseOf({ deployment: rolling, replicaSets: [rs1, rs2], at: "10:09:59" });
    expect(release.clockAt).toBeUndefined();
  });

  it("trap 38: starts at the progress deadline when no pod ever becomes Ready", () => {
    const release = releaseOf({ deployment: rolling, replicaSets: [rs1, rs2], at: "10:10:00" });
    expect(release.clockAt).toBe(clock("10:10:00"));
  });

  it("trap 38: starts when the cluster gives up, if that is earlier", () => {
    const gaveUp = deployment({ template: V2, pods: [2, 3, 1, 0], progressing: stuck("10:05:00") });
    const release = releaseOf({ deployment: gaveUp, replicaSets: [rs1, rs2], at: "10:06:00" });
    expect(release.clockAt).toBe(clock("10:05:00"));
  });

  it("does not move when the first Ready pod is replaced", () => {
    const first = look({ deployment: rolling, replicaSets: [rs1, rs2], pods: [readyPod(rs2, "10:01:00")] });
    const pods = [readyPod(rs2, "10:20:00")];
    const release = releaseOf({ deployment: rolling, replicaSets: [rs1, rs2], pods, memory: first.memory });
    expect(release.clockAt).toBe(clock("10:01:00"));
  });

  it("is not later than the end of the rollout for a daemon that comes after the first pods", () => {
    const complete = deployment({ template: V2, progressing: done("10:02:00") });
    const pods = [readyPod(rs2, "10:20:00")];
    expect(releaseOf({ deployment: complete, replicaSets: [rs1, rs2], pods }).clockAt).toBe(
      clock("10:02:00"),
    );
  });

  it("is not before the start for pods that were Ready all along", () => {
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const release = releaseOf({
      deployment: deployment({ template: V1, written: "10:10:00", pods: [2, 3, 2, 2] }),
      replicaSets: [back, rs2],
      pods: [readyPod(back, "09:01:00")],
    });
    expect(release.clockAt).toBe(clock("10:10:00"));
  });
});

describe("what the cluster remembers", () => {
  const good = { [STANDING]: goodNote(templateDigest(V1), clock("09:59:00")) };

  it("a good mark counts on the ReplicaSet that it names, and not on another that it was copied to", () => {
    const proven = replicaSet({ revision: 1, template: V1, created: "09:00:00", annotations: good });
    const copied = replicaSet({ revision: 2, template: V2, created: "10:00:00", annotations: good });
    const { snapshot } = look({ deployment: deployment({ template: V2 }), replicaSets: [proven, copied] });
    expect(snapshot.release.revision.standing).toBe("unproven");
    expect(snapshot.earlier[0]?.standing).toBe("good");
  });

  it("a quarantine mark wins over a good one of a restart of the same release", () => {
    const annotations = { [STANDING]: quarantinedNote(templateDigest(V1), "d1") };
    const marked = replicaSet({ revision: 1, template: V1, created: "09:00:00", annotations });
    const twin = replicaSet({
      revision: 2,
      template: restarted("vcci-api:v1", "09:30:00"),
      created: "09:30:00",
      annotations: good,
    });
    const rs3 = replicaSet({ revision: 3, template: V3, created: "10:00:00" });
    const { snapshot } = look({ deployment: deployment({ template: V3 }), replicaSets: [marked, twin, rs3] });
    expect(snapshot.earlier).toMatchObject([{ name: "2", standing: "quarantined" }]);
  });

  it("trap 40: rollbacks, their quarantine and their cause are read from the Deployment alone", () => {
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const { snapshot } = look({
      deployment: deployment({
        template: V1,
        written: "10:10:00",
        annotations: remembered(rolledBack(V2, V1, 3)),
      }),
      replicaSets: [back, rs2],
    });
    expect(snapshot.release.cause).toBe("rollback");
    expect(snapshot.earlier).toMatchObject([{ name: "2", standing: "quarantined" }]);
    expect(snapshot.rollbacks).toEqual([
      { decisionId: "d1", at: clock("10:10:00"), fromDigest: templateDigest(V2) },
    ]);
  });

  it("rollbacks are still known when `kubectl rollout undo` put back an older list", () => {
    const annotations = remembered(rolledBack(V2, V1, 3));
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00", annotations });
    const { snapshot } = look({ deployment: deployment({ template: V2 }), replicaSets: [back, rs2] });
    expect(snapshot.rollbacks).toHaveLength(1);
  });

  it("trap 23: a person who deploys a quarantined template again makes a release of their own", () => {
    const again = replicaSet({ revision: 4, history: [2], template: V2, created: "10:00:00" });
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const release = releaseOf({
      deployment: deployment({
        template: V2,
        written: "10:20:00",
        annotations: remembered(rolledBack(V2, V1, 3)),
      }),
      replicaSets: [back, again],
    });
    expect(release).toMatchObject({
      id: "vcci-production/vcci-api@4",
      cause: "deploy",
      revision: { standing: "quarantined" },
    });
  });

  it("a person who goes back to what rollbackd once restored makes a release of their own", () => {
    const rs4 = replicaSet({ revision: 4, template: V3, created: "10:20:00" });
    const back = replicaSet({ revision: 5, history: [1, 3], template: V1, created: "09:00:00" });
    const release = releaseOf({
      deployment: deployment({
        template: V1,
        written: "10:25:00",
        annotations: remembered(rolledBack(V2, V1, 3)),
      }),
      replicaSets: [rs2, rs4, back],
    });
    expect(release).toMatchObject({ id: "vcci-production/vcci-api@5", cause: "deploy" });
  });

  it("annotations of another object, or that somebody broke, say nothing", () => {
    const foreign = deployment({ template: V2, annotations: remembered(rolledBack(V2, V1, 3, "another")) });
    expect(look({ deployment: foreign, replicaSets: [rs1, rs2] }).snapshot.rollbacks).toEqual([]);
    const broken = deployment({ template: V2, annotations: { [ROLLBACKS]: '[{"decision":"d1"},7' } });
    expect(look({ deployment: broken, replicaSets: [rs1, rs2] }).snapshot.rollbacks).toEqual([]);
  });

  it("only the last ten rollbacks are kept", () => {
    const notes = Array.from({ length: 12 }, (_, index) => ({
      ...rolledBack(V2, V1, index),
      decision: `d${index}`,
      at: clock("10:00:00") + index,
    }));
    const { snapshot } = look({
      deployment: deployment({ template: V2, annotations: remembered(...notes) }),
      replicaSets: [rs1, rs2],
    });
    expect(snapshot.rollbacks.map(({ decisionId }) => decisionId)).toEqual(
      notes.slice(2).map(({ decision }) => decision),
    );
  });
});

describe("the rollout", () => {
  it.each<[string, Parameters<typeof deployment>[0]["pods"], boolean, boolean, string]>([
    ["all pods updated and available", [2, 2, 2, 2], true, true, "2 of 2 pods updated, 2 available"],
    ["too few updated", [2, 3, 1, 2], true, false, "1 of 2 pods updated, 2 available, 2 old still there"],
    [
      "old pods still there",
      [2, 3, 2, 3],
      true,
      false,
      "2 of 2 pods updated, 3 available, 1 old still there",
    ],
    ["not all available", [2, 2, 2, 1], true, false, "2 of 2 pods updated, 1 available"],
    [
      "a change not yet taken up",
      [2, 2, 2, 2],
      false,
      false,
      "the cluster has not taken up the newest change yet",
    ],
  ])("%s", (_, pods, observed, complete, detail) => {
    const object = deployment({ template: V2, observed, ...(pods && { pods }) });
    const { rollout } = look({ deployment: object, replicaSets: [rs1, rs2] }).snapshot;
    expect(rollout).toEqual({ complete, stalled: false, detail });
  });

  it("is stalled once the cluster gave up on it", () => {
    const object = deployment({ template: V2, pods: [2, 3, 1, 2], progressing: stuck("10:10:00") });
    const { rollout } = look({ deployment: object, replicaSets: [rs1, rs2] }).snapshot;
    expect(rollout).toMatchObject({ complete: false, stalled: true, stalledAt: clock("10:10:00") });
    expect(rollout.detail).toContain("has timed out progressing");
  });

  describe("traps 38 and 41: a restart that stalls", () => {
    const again = restarted("vcci-api:v2", "10:20:00");
    const stalled = {
      deployment: deployment({ template: again, pods: [2, 3, 1, 2], progressing: stuck("10:30:00") }),
      replicaSets: [rs1, rs2, replicaSet({ revision: 3, template: again, created: "10:20:00" })],
    };

    it("is no fault of a release whose pods were ready before", () => {
      const { rollout } = look({ ...stalled, pods: [readyPod(rs2, "10:01:00")] }).snapshot;
      expect(rollout).toMatchObject({ stalled: true });
      expect(rollout.stalledAt).toBeUndefined();
    });

    it("helps no release that never had a ready pod", () => {
      expect(look(stalled).snapshot.rollout).toMatchObject({ stalled: true, stalledAt: clock("10:30:00") });
    });
  });

  it("of a template put back is not stalled because the one before was", () => {
    const back = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const { snapshot } = look({
      deployment: deployment({ template: V1, written: "10:10:01", progressing: stuck("10:10:00") }),
      replicaSets: [back, rs2],
    });
    expect(snapshot.rollout).toMatchObject({ complete: true, stalled: false });
    expect(snapshot.release.clockAt).toBe(clock("10:20:01"));
  });
});
