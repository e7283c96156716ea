import { describe, expect, it } from "vitest";
import {
  formatRollbacks,
  goodNote,
  ROLLBACKS,
  STANDING,
  type RollbackNote,
} from "../../src/kubernetes/annotations.ts";
import type { ControllerRevision, Pod, PodTemplate, StatefulSet } from "../../src/kubernetes/objects.ts";
import { templateDigest } from "../../src/releases/deployment-digest.ts";
import type { ReleaseMemory } from "../../src/releases/deployment-snapshot.ts";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import { statefulSetSnapshot } from "../../src/releases/statefulset-snapshot.ts";
import { clock, MINUTE } from "../support/model.ts";
import { restarted, template } from "./deployment-fixture.ts";
import { controllerRevision, pod, statefulSet, type StatefulSetSpec, UID } from "./statefulset-fixture.ts";

const V1 = template("v1");
const V2 = template("v2");
const V3 = template("v3");
const one = controllerRevision({ revision: 1, template: V1, created: "09:00:00" });
const two = controllerRevision({ revision: 2, template: V2, created: "10:00:00" });

interface Scene {
  readonly statefulSet: StatefulSet;
  readonly revisions: readonly ControllerRevision[];
  readonly pods?: readonly Pod[];
  readonly at?: string;
  readonly memory?: ReleaseMemory;
  readonly logged?: readonly LoggedRelease[];
}

function look({ at = "10:05:00", pods = [], memory, logged, ...objects }: Scene) {
  const seen = statefulSetSnapshot({ ...objects, pods, at: clock(at) }, memory, logged);
  if (seen === undefined) throw new Error("nothing runs");
  return seen;
}

const run = (template: PodTemplate, from: string): LoggedRelease => ({
  id: `shop/statefulset/web since ${from}`,
  version: templateDigest(template),
  startedAt: clock(from),
});

const releaseOf = (scene: Scene) => look(scene).snapshot.release;

describe("what is running", () => {
  it("a new template is a release that starts with its ControllerRevision and knows what ran before", () => {
    const { snapshot } = look({ statefulSet: statefulSet({ template: V2 }), revisions: [two, one] });
    expect(snapshot).toMatchObject({
      target: "shop/statefulset/web",
      uid: UID,
      release: {
        id: "shop/statefulset/web@2",
        revision: { name: "2", digest: templateDigest(V2), images: { api: "v2" } },
        previous: { name: "1", digest: templateDigest(V1) },
        startedAt: clock("10:00:00"),
        cause: "deploy",
      },
      earlier: [{ name: "1" }],
    });
  });

  it("nothing, while there is no ControllerRevision", () => {
    const view = {
      statefulSet: statefulSet({ template: V1 }),
      revisions: [],
      pods: [],
      at: clock("10:00:00"),
    };
    expect(statefulSetSnapshot(view)).toBeUndefined();
  });

  it("objects of others with the same labels do not count", () => {
    const foreign = {
      ...two,
      metadata: { ...two.metadata, ownerReferences: [{ uid: "other", controller: true }] },
    };
    const scene = { statefulSet: statefulSet({ template: V1 }), revisions: [one, foreign] };
    expect(releaseOf(scene).revision.name).toBe("1");
  });

  it("as long as the newest template has no ControllerRevision, what ran before", () => {
    const ahead = statefulSet({ template: V2, update: V1, observed: false });
    expect(releaseOf({ statefulSet: ahead, revisions: [one] }).revision.name).toBe("1");
  });

  it("a ControllerRevision that is seen before the change of the StatefulSet is not running yet", () => {
    const behind = statefulSet({ template: V1 });
    expect(releaseOf({ statefulSet: behind, revisions: [one, two] }).revision.name).toBe("1");
  });

  it("what the controller says, where a template reads differently since the server was updated", () => {
    const reads = template("v2", { "defaulted.example.org/since": "1.31" });
    const { revision } = releaseOf({
      statefulSet: statefulSet({ template: reads, update: V2 }),
      revisions: [one, two],
    });
    expect(revision).toMatchObject({ name: "2", digest: templateDigest(V2) });
  });

  it("trap 41: a restart is the same release", () => {
    const again = restarted("v2", "10:30:00");
    const three = controllerRevision({ revision: 3, template: again, created: "10:30:00" });
    const { release } = look({
      statefulSet: statefulSet({ template: again }),
      revisions: [one, two, three],
      at: "10:31:00",
    }).snapshot;
    expect(release).toMatchObject({ id: "shop/statefulset/web@2", startedAt: clock("10:00:00") });
  });
});

it("trap 28: Argo CD is known by what it writes on the StatefulSet", () => {
  const annotations = { "argocd.argoproj.io/tracking-id": "shop-app:apps/StatefulSet:shop/web" };
  const { owners } = look({
    statefulSet: statefulSet({ template: V1, annotations }),
    revisions: [one],
  }).snapshot;
  expect(owners).toMatchObject([{ tool: "argocd", name: "shop-app" }]);
});

describe("a revision that comes back", () => {
  const back = controllerRevision({ revision: 3, template: V1, created: "09:00:00", numbered: "10:20:00" });
  const undone: RollbackNote = {
    decision: "d1",
    at: clock("10:20:00"),
    uid: UID,
    from: templateDigest(V2),
    to: templateDigest(V1),
    revision: 3,
  };

  it("starts anew when it got its new number", () => {
    const { startedAt, revision, previous, cause } = releaseOf({
      statefulSet: statefulSet({ template: V1 }),
      revisions: [back, two],
      at: "10:30:00",
    });
    expect([revision.name, previous?.name, cause]).toEqual(["3", "2", "deploy"]);
    expect(startedAt).toBe(clock("10:20:00"));
  });

  it.each(["09:00:00", "10:00:00"])(
    "starts when the template was written, where the API server dates no new number (first made at %s)",
    (created) => {
      const undated = controllerRevision({ revision: 3, template: V1, created });
      const { startedAt } = releaseOf({
        statefulSet: statefulSet({ template: V1, written: "10:20:00" }),
        revisions: [undated, two],
        at: "10:30:00",
      });
      expect(startedAt).toBe(clock("10:20:00"));
    },
  );

  it("starts when it is seen, where the template's writer is dated by an earlier change", () => {
    const undated = controllerRevision({ revision: 3, template: V1, created: "09:00:00" });
    const { startedAt } = releaseOf({
      statefulSet: statefulSet({ template: V1, written: "10:00:00" }),
      revisions: [undated, two],
      at: "10:20:01",
    });
    expect(startedAt).toBe(clock("10:20:01"));
  });

  it("is not stalled for the time in which something else ran", () => {
    const undated = controllerRevision({ revision: 3, template: V1, created: "09:00:00" });
    const { rollout } = look({
      statefulSet: statefulSet({ template: V1, current: V2, written: "10:20:00", pods: [2, 2, 0, 0] }),
      revisions: [undated, two],
      at: "10:21:00",
    }).snapshot;
    expect(rollout).toMatchObject({ complete: false, stalled: false });
  });

  it("starts with its own number where it has one, whatever was written on the StatefulSet since", () => {
    const { startedAt } = releaseOf({
      statefulSet: statefulSet({ template: V1, written: "10:25:00" }),
      revisions: [back, two],
      at: "10:30:00",
    });
    expect(startedAt).toBe(clock("10:20:00"));
  });

  it("starts with its own number, also where that came in the second of what it replaced", () => {
    const dated = controllerRevision({
      revision: 3,
      template: V1,
      created: "09:00:00",
      numbered: "10:00:00",
    });
    const { startedAt } = releaseOf({ statefulSet: statefulSet({ template: V1 }), revisions: [dated, two] });
    expect(startedAt).toBe(clock("10:00:00"));
  });

  it("starts when it is seen, where nothing tells when it got its number", () => {
    const { managedFields: _, ...metadata } = back.metadata;
    const revisions = [{ ...back, metadata }, two];
    const scene = { statefulSet: statefulSet({ template: V1 }), revisions };
    const { memory } = look({ ...scene, at: "10:20:01" });
    expect(releaseOf({ ...scene, memory, at: "10:30:00" }).startedAt).toBe(clock("10:20:01"));
  });

  it("that came back once more began after what the log says ran in between, live and after a restart", () => {
    // Before Kubernetes 1.25 neither the number nor the template is dated anew.
    const again = { ...two, revision: 4 };
    const scene = {
      statefulSet: statefulSet({ template: V2, written: "10:00:00" }),
      revisions: [controllerRevision({ revision: 3, template: V1, created: "09:00:00" }), again],
    };
    const between = run(V1, "10:20:00");
    const { memory, snapshot } = look({ ...scene, logged: [between], at: "10:40:01" });
    expect(snapshot.release.startedAt).toBe(clock("10:40:01"));
    expect(releaseOf({ ...scene, memory, logged: [between], at: "10:41:00" }).startedAt).toBe(
      clock("10:40:01"),
    );
    const logged = [between, run(V2, "10:40:01")];
    expect(releaseOf({ ...scene, logged, at: "10:50:00" }).startedAt).toBe(clock("10:40:01"));
  });

  it("has its next number and its own start before the controller takes it up", () => {
    const going = statefulSet({ template: V1, update: V2, observed: false, written: "10:20:00" });
    const { revision, startedAt } = releaseOf({ statefulSet: going, revisions: [one, two], at: "10:20:01" });
    expect([revision.name, startedAt]).toEqual(["3", clock("10:20:00")]);
  });

  it("trap 40: by rollbackd's hand is known as that, and what it replaced is quarantined", () => {
    const annotations = { [ROLLBACKS]: formatRollbacks([undone]) };
    const { snapshot } = look({
      statefulSet: statefulSet({ template: V1, annotations }),
      revisions: [back, two],
      at: "10:30:00",
    });
    expect(snapshot).toMatchObject({
      release: { cause: "rollback" },
      earlier: [{ name: "2", standing: "quarantined" }],
      rollbacks: [{ decisionId: "d1" }],
    });
  });

  it("a standing on a ControllerRevision is about its own template", () => {
    const note = goodNote(templateDigest(V1), 0);
    const good = controllerRevision({
      revision: 1,
      template: V1,
      created: "09:00:00",
      annotations: { [STANDING]: note },
    });
    const copied = controllerRevision({
      revision: 2,
      template: V2,
      created: "10:00:00",
      annotations: { [STANDING]: note },
    });
    const third = controllerRevision({ revision: 3, template: V3, created: "10:01:00" });
    const { earlier } = look({
      statefulSet: statefulSet({ template: V3 }),
      revisions: [good, copied, third],
    }).snapshot;
    expect(earlier.map(({ name, standing }) => [name, standing])).toEqual([
      ["2", "unproven"],
      ["1", "good"],
    ]);
  });
});

describe("the clock", () => {
  const scene = { statefulSet: statefulSet({ template: V2, current: V1 }), revisions: [one, two] };
  it.each<[string, readonly Pod[], string, string | undefined]>([
    ["has not begun without a Ready pod", [pod("web-1", V2, "False", "10:00:10")], "10:05:00", undefined],
    ["begins with the first Ready pod", [pod("web-1", V2, "True", "10:02:00")], "10:05:00", "10:02:00"],
    ["not with one of another revision", [pod("web-0", V1, "True", "10:03:00")], "10:05:00", undefined],
    ["trap 38: begins after ten minutes at the latest", [], "10:15:00", "10:10:00"],
  ])("%s", (_, pods, at, begun) => {
    expect(releaseOf({ ...scene, pods, at }).clockAt).toBe(begun && clock(begun));
  });

  it("remembers a Ready pod that was replaced", () => {
    const { memory } = look({ ...scene, pods: [pod("web-1", V2, "True", "10:02:00")] });
    expect(releaseOf({ ...scene, memory }).clockAt).toBe(clock("10:02:00"));
  });
});

describe("the rollout", () => {
  const rolloutOf = (spec: StatefulSetSpec, pods: readonly Pod[] = [], at = "10:05:00") =>
    look({ statefulSet: statefulSet(spec), revisions: [one, two], pods, at }).snapshot.rollout;
  const middle = { template: V2, current: V1, pods: [3, 3, 1, 2] } as const;

  it.each<[string, StatefulSetSpec, boolean]>([
    ["all pods updated and ready", { template: V2 }, true],
    ["not taken up yet", { template: V2, observed: false }, false],
    ["one still of the other revision", { template: V2, current: V1, pods: [2, 2, 1, 2] }, false],
    ["one of a change that was taken back, though ready", { template: V2, pods: [2, 2, 1, 2] }, false],
    ["one not ready", { template: V2, pods: [2, 2, 2, 1] }, false],
    ["one more than wanted", { template: V2, pods: [1, 2, 2, 2] }, false],
    ["one not there yet", { template: V2, pods: [2, 1, 1, 1] }, false],
    ["none wanted", { template: V2, pods: [0, 0, 0, 0] }, true],
  ])("%s", (_, spec, complete) => {
    expect(rolloutOf(spec)).toMatchObject({ complete, stalled: false });
  });

  it("says its numbers", () => {
    expect(rolloutOf(middle).detail).toBe("1 of 3 pods updated, 2 ready");
  });

  it("trap 38: is stalled once no pod got ready for ten minutes, not before", () => {
    expect(rolloutOf(middle, [], "10:09:59")).not.toHaveProperty("stalledAt");
    expect(rolloutOf(middle, [], "10:10:00")).toMatchObject({
      stalled: true,
      stalledAt: clock("10:10:00"),
      detail: expect.stringContaining("stalled: no pod got ready for 10 minutes") as string,
    });
  });

  it("each pod that gets ready begins the ten minutes anew", () => {
    const pods = [pod("web-2", V2, "True", "10:08:00"), pod("web-1", V1, "True", "10:09:00")];
    expect(rolloutOf(middle, pods, "10:17:59").stalled).toBe(false);
    expect(rolloutOf(middle, pods, "10:18:00").stalledAt).toBe(clock("10:18:00"));
  });

  it("a StatefulSet whose pods are all ready is not stalled, however long ago the newest of them got ready", () => {
    const pods = [pod("web-2", V2, "True", "10:01:00"), pod("web-1", V1, "True", "09:00:00")];
    const soaked = { ...middle, pods: [3, 3, 1, 3] as const };
    expect(rolloutOf(soaked, pods, "11:30:00")).toMatchObject({ complete: false, stalled: false });
  });

  it("a pod that is being deleted begins the ten minutes anew", () => {
    const going = pod("web-1", V1, "True", "09:00:00");
    const deletionTimestamp = new Date(clock("11:29:00")).toISOString();
    const pods = [
      pod("web-2", V2, "True", "10:01:00"),
      { ...going, metadata: { ...going.metadata, deletionTimestamp } },
    ];
    expect(rolloutOf(middle, pods, "11:30:00").stalled).toBe(false);
    expect(rolloutOf(middle, pods, "11:39:00").stalled).toBe(true);
  });

  it("more replicas of what runs already are no rollout", () => {
    expect(rolloutOf({ template: V2, pods: [5, 3, 3, 2] }, [], "12:00:00")).toMatchObject({
      complete: false,
      stalled: false,
    });
  });

  it("pods that were ready once and were then restarted do not make the release stalled", () => {
    const again = restarted("v2", "10:30:00");
    const three = controllerRevision({ revision: 3, template: again, created: "10:30:00" });
    const scene = {
      statefulSet: statefulSet({ template: again, current: V2, pods: [2, 2, 1, 1] }),
      at: "10:45:00",
    };
    const ready = [pod("web-0", V2, "True", "10:02:00")];
    const seen = look({ ...scene, revisions: [one, two, three], pods: ready }).snapshot.rollout;
    expect(seen).toMatchObject({ stalled: true });
    expect(seen).not.toHaveProperty("stalledAt");
  });

  describe("a pod of another revision that is not ready holds it up", () => {
    const broken = pod("web-2", V1, "False", "10:01:00");
    const blockedBy = (spec: StatefulSetSpec, one: Pod, at: string) => rolloutOf(spec, [one], at).blockedBy;

    it("once it has not been for two minutes", () => {
      expect(blockedBy(middle, broken, "10:02:59")).toBeUndefined();
      expect(blockedBy(middle, broken, "10:03:00")).toBe("web-2");
      expect(rolloutOf(middle, [broken], "10:03:00").detail).toContain("kubectl -n shop delete pod web-2");
    });

    it("from its creation on, where nobody has said a word about it yet", () => {
      expect(blockedBy(middle, { ...broken, status: {} }, "08:02:00")).toBe("web-2");
    });

    it.each<[string, StatefulSetSpec, Pod]>([
      ["not where pods are managed in parallel", { ...middle, parallel: true }, broken],
      ["not one that is ready", middle, pod("web-2", V1, "True", "10:01:00")],
      ["not one of the newest revision", middle, pod("web-2", V2, "False", "10:01:00")],
      [
        "not one that is going",
        middle,
        { ...broken, metadata: { ...broken.metadata, deletionTimestamp: "2026-03-02T10:02:00Z" } },
      ],
      [
        "not one of somebody else",
        middle,
        { ...broken, metadata: { ...broken.metadata, ownerReferences: [] } },
      ],
    ])("%s", (_, spec, which) => {
      expect(blockedBy(spec, which, "10:09:00")).toBeUndefined();
    });
  });
});

it("ten minutes are what a Deployment has by default", () => {
  const { clockAt = 0, startedAt } = releaseOf({
    statefulSet: statefulSet({ template: V2, current: V1 }),
    revisions: [one, two],
    at: "11:00:00",
  });
  expect(clockAt - startedAt).toBe(10 * MINUTE);
});
