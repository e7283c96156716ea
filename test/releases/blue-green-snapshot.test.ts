import { describe, expect, it } from "vitest";
import {
  DECISION,
  formatRollbacks,
  goodNote,
  quarantinedNote,
  ROLLBACKS,
  STANDING,
} from "../../src/kubernetes/annotations.ts";
import { withoutColor } from "../../src/releases/blue-green-sides.ts";
import { blueGreenSnapshot, type BlueGreenView } from "../../src/releases/blue-green-snapshot.ts";
import { templateDigest } from "../../src/releases/deployment-digest.ts";
import { chooseTarget } from "../../src/releases/standing.ts";
import type { LoggedRelease } from "../../src/releases/logged-release.ts";
import { clock } from "../support/model.ts";
import { stuck } from "./deployment-fixture.ts";
import { service, SERVICE_UID, side, type ServiceSpec, TARGET, view } from "./blue-green-fixture.ts";

const KEY = "vcci-production/service/vcci-api";
const BLUE = side("blue", { images: { "08:00:00": "api:v1", "09:00:00": "api:v2" } });
const GREEN = side("green", { images: { "08:00:00": "api:v0", "10:00:00": "api:v3" } });
const SWITCHED: ServiceSpec = { color: "green", switched: ["10:10:00", "kubectl-patch"] };

const digestOf = (one: typeof BLUE) => templateDigest(withoutColor(one.deployment, "color").spec.template);

function seen(of: BlueGreenView, logged: readonly LoggedRelease[] = []) {
  const found = blueGreenSnapshot(of, TARGET, { memory: new Map(), logged });
  if (!found.ok) throw new Error(found.detail);
  return found.snapshot;
}

function unseen(of: BlueGreenView): string {
  const found = blueGreenSnapshot(of, TARGET, { memory: new Map(), logged: [] });
  return found.ok ? "" : found.detail;
}

describe("a release of a blue/green target", () => {
  it("starts when the Service selects the other colour, not when that was deployed, and has its clock at once", () => {
    const { release, earlier, target, uid } = seen(view(service(SWITCHED), [BLUE, GREEN]));
    expect({ target, uid }).toEqual({ target: KEY, uid: SERVICE_UID });
    expect(release).toMatchObject({
      id: `${KEY}@green:2`,
      startedAt: clock("10:10:00"),
      clockAt: clock("10:10:00"),
      cause: "deploy",
      revision: { name: "green:2", images: { api: "api:v3" } },
      previous: { name: "blue:2", images: { api: "api:v2" } },
    });
    expect(earlier).toEqual([release.previous]);
  });

  it("names the Deployments behind it, as far as they can be told", () => {
    const both = ["vcci-production/vcci-api-green", "vcci-production/vcci-api-blue"];
    expect(seen(view(service(SWITCHED), [BLUE, GREEN])).deployments).toEqual(both);
    expect(seen(view(service(SWITCHED), [GREEN])).deployments).toEqual(both.slice(0, 1));
  });

  it("knows how many pods either colour needs to be the live one: as many as that has, and never fewer than it has", () => {
    const sized = (replicas: number, one: typeof BLUE) => {
      const { deployment } = one;
      return { ...one, deployment: { ...deployment, spec: { ...deployment.spec, replicas } } };
    };
    const needed = (blue: number, green: number) =>
      seen(view(service(SWITCHED), [sized(blue, BLUE), sized(green, GREEN)])).earlier[0]?.side;
    expect(needed(0, 3)).toEqual({ deployment: "vcci-api-blue", replicas: 3 });
    expect(needed(5, 3)?.replicas).toBe(5);
    expect(needed(0, 0)?.replicas).toBe(1);
  });

  it("is the same in either colour: the label is no part of what runs", () => {
    const twin = side("green", { images: { "10:00:00": "api:v2" } });
    const { release, earlier } = seen(view(service(SWITCHED), [BLUE, twin]));
    expect(release.revision.digest).toBe(digestOf(BLUE));
    expect(chooseTarget(release, earlier, false)).toBeUndefined();
  });

  it("starts anew when what the Service selects is changed in place; the other colour still is what ran before the switch", () => {
    const changed = side("green", { images: { "10:00:00": "api:v3", "11:00:00": "api:v4" } });
    const { release, earlier } = seen(view(service(SWITCHED), [BLUE, changed]));
    expect(release).toMatchObject({ startedAt: clock("11:00:00"), previous: { name: "green:1" } });
    expect(earlier).toMatchObject([{ name: "blue:2" }]);
    expect(release.clockAt).toBe(clock("11:00:00"));
    // Its pods have to get ready first, as those of any Deployment.
    const rolling = { ...changed, deployment: { ...changed.deployment, status: {} } };
    expect(seen(view(service(SWITCHED), [BLUE, rolling], "11:05:00")).release.clockAt).toBeUndefined();
  });

  it("has nothing before it where the selector is as the Service was made", () => {
    const { release, earlier } = seen(view(service({}), [BLUE, GREEN]));
    expect(release).toMatchObject({ startedAt: clock("10:00:00"), clockAt: clock("10:00:00") });
    expect(release.nothingBefore).toBe("the Service has selected the same colour since it was made");
    expect(earlier).toEqual([]);
  });

  it.each([
    ["before the switch", "10:09:59", ["blue:3"], /^$/u],
    // Within one second nothing tells which came first.
    ["in the second of the switch", "10:10:00", [], /^blue:3 was deployed at .*10:10:00Z, and the switch/u],
    ["after the switch", "10:30:00", [], /^blue:3 was deployed at .*10:30:00Z.*at 2026-03-02 10:10:00Z$/u],
  ])("the other colour counts as what ran before if it was deployed %s", (_, time, names, why) => {
    const blue = side("blue", { images: { "08:00:00": "api:v1", "09:00:00": "api:v2", [time]: "api:v5" } });
    const { release, earlier } = seen(view(service(SWITCHED), [blue, GREEN]));
    expect(earlier.map(({ name }) => name)).toEqual(names);
    expect(release.previous?.name).toBe(names[0]);
    expect(release.nothingBefore ?? "").toMatch(why);
  });

  it("is not the other colour's business when there is none: nothing to go back to", () => {
    const { release, earlier } = seen(view(service(SWITCHED), [GREEN]));
    expect({ previous: release.previous, earlier }).toEqual({ previous: undefined, earlier: [] });
    expect(release.nothingBefore).toContain(
      "no Deployment makes pods with the labels app=vcci-api,color=blue",
    );
  });
});

describe("what the log remembers of a release", () => {
  const logged = (changes: Partial<LoggedRelease> = {}): LoggedRelease => {
    return { id: `${KEY}@green:2`, version: digestOf(GREEN), startedAt: clock("10:10:00"), ...changes };
  };
  const LATER: ServiceSpec = { color: "green", switched: ["10:40:00", "argocd"] };

  it("is its start, though the owner of the selector changed the Service in another way since", () => {
    const staged = side("blue", { images: { "09:00:00": "api:v2", "10:30:00": "api:v5" } });
    const { release, earlier } = seen(view(service(LATER), [staged, GREEN]), [logged()]);
    expect(release).toMatchObject({ id: `${KEY}@green:2`, startedAt: clock("10:10:00") });
    expect(earlier).toEqual([]);
  });

  it("is that it began with a switch, though what is live was written again since", () => {
    const undone = side("green", {
      images: { "09:30:00": "api:v3", "09:40:00": "api:v0" },
      back: "10:50:00",
    });
    const { release } = seen(view(service(SWITCHED), [BLUE, undone]), [
      logged({ version: digestOf(undone) }),
    ]);
    expect(release).toMatchObject({ startedAt: clock("10:10:00"), previous: { name: "blue:2" } });
  });

  it("tells that a switch is newer than its date, where the API server kept the date of one before", () => {
    const ended = [logged()];
    const old: ServiceSpec = { color: "blue", switched: ["10:10:00", "kubectl-patch"] };
    const { release, earlier } = seen(view(service(old), [BLUE, GREEN], "10:50:01"), ended);
    expect(release).toMatchObject({
      id: `${KEY}@blue:2`,
      startedAt: clock("10:50:01"),
      previous: { name: "green:2" },
    });
    expect(earlier).toMatchObject([{ name: "green:2" }]);
    const { id, revision, startedAt } = release;
    const known = [...ended, { id, version: revision.digest, startedAt }];
    expect(seen(view(service(old), [BLUE, GREEN], "11:30:00"), known).release).toMatchObject({
      id,
      startedAt,
      previous: { name: "green:2" },
    });
  });

  it("is no switch where what it selects was changed in place", () => {
    const changed = side("green", { images: { "10:00:00": "api:v3", "11:00:00": "api:v4" } });
    const { release } = seen(view(service(SWITCHED), [BLUE, changed]), [logged()]);
    expect(release).toMatchObject({ startedAt: clock("11:00:00"), previous: { name: "green:1" } });
  });

  it("is not that of another one with the same name that came back", () => {
    const between = { id: `${KEY}@blue:2`, version: digestOf(BLUE), startedAt: clock("10:20:00") };
    const { release } = seen(view(service(LATER), [BLUE, GREEN]), [logged(), between]);
    expect(release).toMatchObject({
      id: `${KEY}@green:2+2026-03-02T10:40:00.000Z`,
      startedAt: clock("10:40:00"),
    });
    const again = [logged(), between, { ...logged(), ...release, version: release.revision.digest }];
    expect(seen(view(service(LATER), [BLUE, GREEN]), again).release.id).toBe(release.id);
  });
});

describe("what rollbackd did to a blue/green target", () => {
  const note = {
    decision: "d1",
    at: clock("11:00:00"),
    uid: SERVICE_UID,
    from: digestOf(GREEN),
    to: digestOf(BLUE),
    revision: 2,
  };
  const annotations = { [DECISION]: "d1", [ROLLBACKS]: formatRollbacks([note]) };
  const back = (manager: string, of: typeof BLUE = BLUE) =>
    seen(view(service({ color: "blue", switched: ["11:00:00", manager], annotations }), [of, GREEN]));

  it("shows on the Service: what was put back, by whom, and what was rolled back from", () => {
    const { release, earlier, rollbacks } = back("rollbackd");
    expect(release).toMatchObject({ cause: "rollback", startedAt: clock("11:00:00") });
    expect(earlier).toMatchObject([{ name: "green:2", standing: "quarantined" }]);
    expect(rollbacks).toEqual([{ decisionId: "d1", at: note.at, fromDigest: note.from }]);
  });

  it("is not what somebody else switched, or changed after it", () => {
    expect(back("kubectl-patch").release.cause).toBe("deploy");
    const changed = side("blue", { images: { "09:00:00": "api:v2", "11:30:00": "api:v6" } });
    expect(back("rollbackd", changed).release).toMatchObject({
      cause: "deploy",
      startedAt: clock("11:30:00"),
    });
  });

  it("keeps what was rolled back from in quarantine on the other colour, too", () => {
    const same = side("blue", { images: { "11:30:00": "api:v3" } });
    expect(back("kubectl-patch", same).release.revision.standing).toBe("quarantined");
  });

  it("is remembered by the ReplicaSets of both colours", () => {
    const digest = digestOf(BLUE);
    const good = { [STANDING]: goodNote(digest, clock("09:30:00")) };
    const blue = side("blue", { images: { "09:00:00": "api:v2" }, marks: { "api:v2": good } });
    const bad = { [STANDING]: quarantinedNote(digestOf(GREEN), "d0") };
    const old = side("green", {
      images: { "08:00:00": "api:v3", "08:30:00": "api:v0", "10:00:00": "api:v3" },
      marks: { "api:v3": bad },
    });
    const { release, earlier } = seen(view(service(SWITCHED), [blue, old]));
    expect(earlier).toMatchObject([{ name: "blue:1", standing: "good" }]);
    expect(release.revision.standing).toBe("quarantined");
  });
});

describe("trap 28: whose wish a blue/green target is", () => {
  it("is the Service's owner's, by who wrote its selector or by what it bears, and who switched is named", () => {
    const { release, owners } = seen(
      view(service({ switched: ["10:10:00", "argocd-controller"] }), [BLUE, GREEN]),
    );
    expect(release.writtenBy).toBe("argocd-controller");
    expect(owners).toMatchObject([{ tool: "argocd" }]);
    const plain = seen(view(service(SWITCHED), [BLUE, GREEN]));
    expect(plain.release.writtenBy).toBe("kubectl-patch");
    expect(plain.owners).toBeUndefined();
  });

  it("and that of the other colour's Deployment, which is to be scaled, but not of the live one", () => {
    const kept = (of: typeof BLUE) => {
      const labels = { "kustomize.toolkit.fluxcd.io/name": "shop" };
      return { ...of, deployment: { ...of.deployment, metadata: { ...of.deployment.metadata, labels } } };
    };
    expect(seen(view(service(SWITCHED), [kept(BLUE), GREEN])).owners).toMatchObject([{ name: "shop" }]);
    expect(seen(view(service(SWITCHED), [BLUE, kept(GREEN)])).owners).toBeUndefined();
  });
});

it("trap 38: a colour that was given up on before the switch is a stall of the release from the switch on", () => {
  const conditions = [stuck("10:05:00")];
  const { deployment } = GREEN;
  const stalled = { ...GREEN, deployment: { ...deployment, status: { ...deployment.status, conditions } } };
  expect(seen(view(service(SWITCHED), [BLUE, stalled])).rollout).toMatchObject({
    stalled: true,
    stalledAt: clock("10:10:00"),
  });
});

describe("what cannot be told is named and not guessed", () => {
  it.each([
    ["no such colour", view(service({ color: "red" }), [BLUE, GREEN]), "selects color=red"],
    ["no Deployment", view(service({ color: "green" }), [BLUE]), "app=vcci-api,color=green"],
    [
      "several Deployments",
      view(service({ color: "green" }), [
        BLUE,
        GREEN,
        side("green", { name: "canary", images: { "09:00:00": "api:v9" } }),
      ]),
      "vcci-api-green, canary",
    ],
  ])("%s", (_, of, said) => {
    expect(unseen(of)).toContain(said);
  });

  it("a Service that does not select by colour", () => {
    const plain = service({});
    expect(unseen(view({ ...plain, spec: { selector: { app: "vcci-api" } } }, [BLUE, GREEN]))).toContain(
      "does not select by the label color",
    );
  });

  it("a colour of which nothing runs yet", () => {
    const empty = { ...GREEN, replicaSets: [] };
    expect(unseen(view(service({}), [BLUE, empty]))).toContain('deployment "vcci-api-green"');
  });

  it("several Deployments of the other colour: nothing to go back to", () => {
    const canary = side("blue", { name: "canary", images: { "09:00:00": "api:v9" } });
    expect(seen(view(service(SWITCHED), [BLUE, GREEN, canary])).earlier).toEqual([]);
  });
});
