import { describe, expect, it } from "vitest";
import { errorFromAnswer } from "../../src/kubernetes/error.ts";
import type { KubeObject, PodTemplate } from "../../src/kubernetes/objects.ts";
import type { ResourceRef } from "../../src/kubernetes/resource.ts";
import { lookIntoWith } from "../../src/releases/look-into.ts";
import type { TemplatePair } from "../../src/releases/release-context.ts";
import { pairOf, pairsOfMembers } from "../../src/releases/template-pairs.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { clock, release, revision, TEN } from "../support/model.ts";

function templateOf(image: string, ...references: readonly string[]): PodTemplate {
  const envFrom = references.map((name) =>
    name.startsWith("secret-") ? { secretRef: { name } } : { configMapRef: { name } },
  );
  return { spec: { containers: [{ name: "api", image, envFrom } as PodTemplate["spec"]["containers"][0]] } };
}

function object(created: string, ...written: readonly string[]): KubeObject {
  const iso = (time: string): string => new Date(clock(time)).toISOString();
  return {
    metadata: {
      name: "x",
      uid: "x",
      resourceVersion: "1",
      creationTimestamp: iso(created),
      managedFields: written.map((time) => ({ manager: "kubectl", time: iso(time) })),
    },
  };
}

const PAIR: TemplatePair = {
  part: "",
  before: templateOf("api:1", "settings", "secret-db"),
  after: templateOf("api:2", "settings", "secret-db"),
};

function lookInto(
  metadata: (ref: ResourceRef, signal?: AbortSignal) => Promise<KubeObject>,
  pair = PAIR,
  withinMs?: number,
) {
  const look = lookIntoWith({
    api: { metadata },
    namespace: "shop",
    templates: () => [pair],
    ...(withinMs !== undefined && { withinMs }),
  });
  return look(release());
}

function refused(ref: ResourceRef, status: number, message: string): Promise<never> {
  return Promise.reject(
    errorFromAnswer({ verb: "get", ref }, status, JSON.stringify({ kind: "Status", message })),
  );
}

describe("what a release changed", () => {
  it("is told as the difference of its template, whatever else can be seen", async () => {
    const context = await lookInto(async (ref) => refused(ref, 403, "User cannot get resource"));
    expect(context.changes).toEqual(["- containers.api.image: api:1", "+ containers.api.image: api:2"]);
  });

  it("is not told where one of the templates is gone", async () => {
    const context = await lookInto(async () => object("09:00:00"), { ...PAIR, before: undefined });
    expect(context).not.toHaveProperty("changes");
    expect(context.references?.looked).toBe(2);
  });
});

describe("ConfigMaps and Secrets that changed lately", () => {
  it("are those whose last write is at most a day older than the release, the newest first", async () => {
    const context = await lookInto(async ({ resource }) =>
      resource === "secrets" ? object("09:00:00", "09:30:00", "10:01:00") : object("09:00:00", "09:58:12"),
    );
    expect(context.references).toEqual({
      since: new Date(TEN - 24 * 3_600_000).toISOString(),
      looked: 2,
      changed: [
        { kind: "Secret", name: "secret-db", at: "2026-03-02T10:01:00.000Z" },
        { kind: "ConfigMap", name: "settings", at: "2026-03-02T09:58:12.000Z" },
      ],
    });
    const old = {
      ...object("09:00:00"),
      metadata: { ...object("09:00:00").metadata, creationTimestamp: "2026-03-01T09:59:59Z" },
    };
    expect((await lookInto(async () => old)).references).toMatchObject({ looked: 2, changed: [] });
  });

  it("one look for each, and the look is for metadata by name", async () => {
    const asked: unknown[] = [];
    await lookInto(async (ref) => {
      asked.push(ref);
      return object("09:00:00");
    });
    expect(asked).toEqual([
      { group: "", resource: "configmaps", namespace: "shop", name: "settings" },
      { group: "", resource: "secrets", namespace: "shop", name: "secret-db" },
    ]);
  });

  it("what may not be read is said once for each kind, with the rule that is missing", async () => {
    const three = { ...PAIR, after: templateOf("api:2", "settings", "more", "secret-db") };
    const context = await lookInto(async (ref) => refused(ref, 403, "User cannot get resource"), three);
    expect(context.unseen).toEqual([
      'When ConfigMaps changed could not be seen: rollbackd may not read their metadata. Its Role lacks {apiGroups: [""], resources: ["configmaps"], verbs: ["get"]}.',
      'When Secrets changed could not be seen: rollbackd may not read their metadata. Its Role lacks {apiGroups: [""], resources: ["secrets"], verbs: ["get"]}.',
    ]);
  });

  it("one that does not exist is said, for its pods cannot start", async () => {
    const context = await lookInto(async (ref) =>
      ref.resource === "secrets" ? refused(ref, 404, "not found") : object("09:00:00"),
    );
    expect(context.unseen).toEqual(["Secret secret-db does not exist, and pods of the release refer to it."]);
  });

  it("an API server that hangs holds nothing up for longer than the bound", async () => {
    const began = performance.now();
    const context = await lookInto(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("no answer in time")), { once: true });
        }),
      PAIR,
      50,
    );
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(context.unseen).toEqual([
      "When ConfigMap settings changed could not be seen: no answer in time.",
      "When Secret secret-db changed could not be seen: no answer in time.",
    ]);
    expect(context.changes).toHaveLength(2);
  });
});

describe("the templates of a release", () => {
  function watchOf(templates: Readonly<Record<string, PodTemplate>>): Pick<TargetWatch, "current"> {
    const snapshot = {
      target: "shop/api",
      uid: "u",
      release: release(),
      earlier: [],
      rollbacks: [],
      rollout: { complete: true, stalled: false, detail: "" },
      templates: new Map(Object.entries(templates)),
    };
    return { current: () => ({ ok: true, snapshot }) };
  }
  const [one, two] = [templateOf("a:1"), templateOf("a:2")];

  it("are found by what the revisions run", () => {
    const subject = {
      revision: revision("2", { digest: "two" }),
      previous: revision("1", { digest: "one" }),
      startedAt: TEN,
    };
    expect(pairOf(watchOf({ one, two }))(subject)).toEqual([{ part: "", before: one, after: two }]);
    expect(pairOf(watchOf({ two }))(subject)).toEqual([{ part: "", before: undefined, after: two }]);
    expect(pairOf({ current: () => ({ ok: false, reason: "unreachable", detail: "" }) })(subject)).toEqual([
      { part: "", before: undefined, after: undefined },
    ]);
  });

  it("of a group are those of the members that the release changed", () => {
    const member = (digest: string) => ({ name: "1", digest });
    const subject = {
      revision: revision("2", { members: { api: member("two"), worker: member("same") } }),
      previous: revision("1", { members: { api: member("one"), worker: member("same") } }),
      startedAt: TEN,
    };
    const members = new Map([
      ["api", watchOf({ one, two })],
      ["worker", watchOf({ same: one })],
    ]);
    expect(pairsOfMembers(members)(subject)).toEqual([{ part: "api", before: one, after: two }]);
  });
});
