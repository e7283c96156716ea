import { describe, expect, it } from "vitest";
import { quarantinedNote, ROLLBACKS, formatRollbacks, STANDING } from "../../src/kubernetes/annotations.ts";
import type { Pod, ReplicaSet } from "../../src/kubernetes/objects.ts";
import { admittedDigest, formerDigest, templateDigest } from "../../src/releases/deployment-digest.ts";
import { deploymentSnapshot, type ReleaseMemory } from "../../src/releases/deployment-snapshot.ts";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import { findBy, findTemplate } from "../../src/releases/template-identity.ts";
import { clock } from "../support/model.ts";
import { deployment, readyPod, replicaSet, template, UID } from "./deployment-fixture.ts";

const PLAIN = template("vcci-api:v1");
/** The same but for an annotation that no tool is known by. */
const ANNOTATED = template("vcci-api:v1", { "example.org/proxy": "2" });
const AGAIN = template("vcci-api:v1", { "example.org/proxy": "2", "example.org/build": "3" });

const rs1 = replicaSet({ revision: 1, template: PLAIN, created: "09:00:00" });
const rs2 = replicaSet({ revision: 2, template: ANNOTATED, created: "10:00:00" });
const rs3 = replicaSet({ revision: 3, template: AGAIN, created: "10:10:00" });

const admitted = (proxy: string): Pod["spec"] => ({
  containers: [
    { name: "api", image: "vcci-api:v1" },
    { name: "proxy", image: `proxy:${proxy}` },
  ],
});

interface Seen {
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods?: readonly Pod[];
  readonly memory?: ReleaseMemory;
  readonly logged?: readonly LoggedRelease[];
  readonly annotations?: Readonly<Record<string, string>>;
}

function look({ replicaSets, pods = [], memory, logged = [], annotations = {} }: Seen) {
  const newest = replicaSets.at(-1) ?? rs1;
  const target = deployment({ template: newest.spec.template, annotations });
  const view = { deployment: target, replicaSets, pods, at: clock("10:30:00") };
  const seen = deploymentSnapshot(view, { memory, logged });
  if (seen === undefined) throw new Error("nothing runs");
  return seen;
}

describe("a change of template annotations alone", () => {
  it("is a restart when the pods have the same admitted spec", () => {
    const pods = [readyPod(rs1, "09:01:00", admitted("1")), readyPod(rs2, "10:01:00", admitted("1"))];
    const { release, earlier } = look({ replicaSets: [rs1, rs2], pods }).snapshot;
    expect(release.revision.name).toBe("1");
    expect(earlier).toEqual([]);
  });

  it("is a restart when no pod tells what admission made of it", () => {
    expect(look({ replicaSets: [rs1, rs2] }).snapshot.release.revision.name).toBe("1");
  });

  it("is a release when an injector that reads annotations made another sidecar of it", () => {
    const pods = [readyPod(rs1, "09:01:00", admitted("1")), readyPod(rs2, "10:01:00", admitted("2"))];
    const { release, earlier } = look({ replicaSets: [rs1, rs2], pods }).snapshot;
    expect(release).toMatchObject({
      revision: { name: "2" },
      previous: { name: "1" },
      startedAt: clock("10:00:00"),
    });
    expect(earlier.map(({ name, digest }) => [name, digest])).toEqual([["1", templateDigest(PLAIN)]]);
  });

  it("is a release when the pods before it are gone and were seen earlier, as with strategy Recreate", () => {
    const { memory } = look({ replicaSets: [rs1], pods: [readyPod(rs1, "09:01:00", admitted("1"))] });
    const pods = [readyPod(rs2, "10:01:00", admitted("2"))];
    expect(look({ replicaSets: [rs1, rs2], pods, memory }).snapshot.release.revision.name).toBe("2");
  });

  it("stays a release when the daemon restarts after the earlier pods are gone and the log names it", () => {
    const logged = [{ id: "x@2", version: admittedDigest(ANNOTATED), startedAt: clock("10:00:00") }];
    const pods = [readyPod(rs2, "10:01:00", admitted("2"))];
    expect(look({ replicaSets: [rs1, rs2], pods, logged }).snapshot.release.revision.name).toBe("2");
  });

  it("stays quarantined when the log is lost and only the cluster names it", () => {
    const note = quarantinedNote(admittedDigest(ANNOTATED), "d1");
    const marked = {
      ...rs2,
      metadata: { ...rs2.metadata, annotations: { ...rs2.metadata.annotations, [STANDING]: note } },
    };
    const { release } = look({ replicaSets: [rs1, marked] }).snapshot;
    expect(release.revision).toMatchObject({ name: "2", standing: "quarantined" });
    expect(release.previous).toMatchObject({ name: "1", standing: "unproven" });
  });

  it("is a restart of the release before it when that differs from the one before", () => {
    const pods = [
      readyPod(rs1, "09:01:00", admitted("1")),
      readyPod(rs2, "10:01:00", admitted("2")),
      readyPod(rs3, "10:11:00", admitted("2")),
    ];
    expect(look({ replicaSets: [rs1, rs2, rs3], pods }).snapshot.release.revision.name).toBe("2");
  });

  it("is a restart when the pods of one template do not agree among themselves", () => {
    const pods = [
      readyPod(rs1, "09:01:00", admitted("1")),
      readyPod(rs1, "09:02:00", admitted("random")),
      readyPod(rs2, "10:01:00", admitted("2")),
    ];
    expect(look({ replicaSets: [rs1, rs2], pods }).snapshot.release.revision.name).toBe("1");
  });
});

describe("digests that an earlier version wrote", () => {
  const good = template("vcci-api:v0", { "example.org/build": "1" });
  const bad = template("vcci-api:v1", { "example.org/build": "2" });
  const before = replicaSet({ revision: 1, template: good, created: "09:00:00" });
  const noted = (standing: string) =>
    replicaSet({ revision: 2, template: bad, created: "10:00:00", annotations: { [STANDING]: standing } });

  it("still quarantine a ReplicaSet by its annotation", () => {
    const marked = noted(quarantinedNote(formerDigest(bad), "d1"));
    expect(look({ replicaSets: [before, marked] }).snapshot.release.revision.standing).toBe("quarantined");
  });

  it("still tell of a rollback by the annotation of the Deployment", () => {
    const note = {
      decision: "d1",
      at: clock("10:10:00"),
      uid: UID,
      from: formerDigest(bad),
      to: formerDigest(good),
      revision: 3,
    };
    const back = replicaSet({ revision: 3, template: good, created: "09:00:00", history: [1] });
    const marked = noted("");
    const { snapshot } = look({
      replicaSets: [marked, back],
      annotations: { [ROLLBACKS]: formatRollbacks([note]) },
    });
    expect(snapshot.release.cause).toBe("rollback");
    expect(snapshot.earlier[0]?.standing).toBe("quarantined");
    expect(snapshot.rollbacks[0]?.fromDigest).toBe(templateDigest(bad));
  });

  it("still date a release by the log", () => {
    const logged = [{ id: "x@2", version: formerDigest(bad), startedAt: clock("10:00:00") }];
    const { release } = look({ replicaSets: [before, noted("")], logged }).snapshot;
    expect(release).toMatchObject({
      startedAt: clock("10:00:00"),
      revision: { formerly: [formerDigest(bad)] },
    });
  });

  it("are found on ReplicaSets by an order of that version", () => {
    expect(findBy([before, noted("")], formerDigest(good), [formerDigest(bad)])).toEqual([before]);
  });
});

describe("the ReplicaSet to put back", () => {
  it("is that of the earlier admitted spec, not a restart of the release", () => {
    expect(findBy([rs1, rs2, rs3], templateDigest(PLAIN), [admittedDigest(ANNOTATED)])).toEqual([rs1]);
    expect(findBy([rs1, rs2, rs3], admittedDigest(ANNOTATED))).toEqual([rs2, rs3]);
  });

  it("is compared with a template whose ReplicaSet does not exist yet", () => {
    const running = deployment({ template: AGAIN });
    const from = { digest: admittedDigest(ANNOTATED), named: [templateDigest(PLAIN)] };
    expect(findTemplate(running, [rs1, rs2], from)).toBe(true);
    expect(findTemplate(deployment({ template: template("vcci-api:v2") }), [rs1, rs2], from)).toBe(false);
  });
});
