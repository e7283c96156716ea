import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubeApi, type KubeApi } from "../../../src/kubernetes/api.ts";
import { connect } from "../../../src/kubernetes/connect.ts";
import type { GitOpsOwner } from "../../../src/releases/gitops-owner.ts";
import type { Lookup } from "../../../src/releases/watch.ts";
import type { Prepared } from "../../../src/rollback/act.ts";
import { askOwners } from "../../../src/rollback/gitops/restoring.ts";
import { suspendOwners } from "../../../src/rollback/gitops/suspend.ts";
import { createGitOpsObjects, type GitOpsObjects, type GitOpsPlural } from "../../cluster/gitops-objects.ts";
import { allowed } from "../../cluster/grant.ts";
import { createServiceAccount } from "../../cluster/namespace.ts";
import { describeOnCluster } from "../../cluster/shared.ts";
import { release } from "../../support/model.ts";
import { order } from "../../verification/situation.ts";
import { createStage, PATIENCE, settled, TIMEOUT_MS } from "../../e2e/stage.ts";
import { eventually } from "../../support/eventually.ts";
import { createScene, type Scene } from "../deployment-scene.ts";

interface Writing {
  readonly spec: object;
  readonly metadata: object;
  readonly manager: string;
  readonly how: "Apply" | "Update";
}

/** One entry of a HelmRelease's history. */
const snapshot = (name: string, version: number) => ({
  name,
  namespace: "web",
  version,
  status: "deployed",
  chartName: "shop",
  chartVersion: "1.0.0",
  digest: "sha256:0",
});

const NEVER = new AbortController().signal;
const AUTOMATED = { prune: true, selfHeal: true };
const KINDS = {
  applications: "Application",
  kustomizations: "Kustomization",
  helmreleases: "HelmRelease",
} as const;

describeOnCluster("the owner of a target is suspended before a rollback", (kubeconfig) => {
  let scene: Scene;
  let gitops: GitOpsObjects;
  let dir: string;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    dir = mkdtempSync(join(tmpdir(), "rollbackd-suspend-"));
    gitops = await createGitOpsObjects(scene.harness, scene.namespace);
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await scene.stop();
  });

  const keeps = (more: object = {}) => [
    { group: "apps", kind: "Deployment", namespace: scene.namespace, name: "api", ...more },
  ];
  const flux = (name: string, tool: GitOpsOwner["tool"] = "flux-kustomization"): GitOpsOwner => ({
    tool,
    name,
    namespace: scene.namespace,
    seenIn: "label",
    keeps: keeps(),
  });
  const argo = (name: string): GitOpsOwner => ({ tool: "argocd", name, seenIn: "label", keeps: keeps() });

  /** The status of an owner that keeps the target. */
  const listing = (plural: GitOpsPlural) =>
    plural === "applications"
      ? { resources: keeps() }
      : { inventory: { entries: [{ id: `${scene.namespace}_api_apps_Deployment`, v: "v1" }] } };
  const owning = (plural: GitOpsPlural, name: string, spec: object, metadata: object = {}) =>
    gitops.put(plural, name, spec, { metadata, status: listing(plural) });

  function prepare(
    owners: readonly GitOpsOwner[],
    decisionId = "d-1",
    api: KubeApi = scene.api,
  ): Promise<Prepared> {
    const target = `${scene.namespace}/api`;
    const rollout = { complete: true, stalled: false, detail: "" };
    const snapshot = { target, uid: "u", release: release(), earlier: [], rollbacks: [], rollout, owners };
    const lookup: Lookup = { ok: true, snapshot };
    const options = { api, reread: async () => lookup, argocdNamespace: scene.namespace };
    return suspendOwners(options)(order({ decisionId, target }), NEVER);
  }

  it.each([
    ["kustomizations", "flux-kustomization", "kustomization"],
    ["helmreleases", "flux-helmrelease", "helmrelease"],
  ] as const)("of Flux, %s as `flux suspend` does it", async (kind, tool, word) => {
    const { spec } = await owning(kind, "apps", {});
    const { namespace } = scene;
    const suspended = [
      {
        owner: `Flux ${KINDS[kind]} ${namespace}/apps`,
        detail: expect.stringContaining("was suspended") as string,
        resume: `flux resume ${word} apps --namespace ${namespace}`,
      },
    ];
    expect(await prepare([flux("apps", tool)])).toEqual({ kind: "prepared", suspended });
    expect((await gitops.get(kind, "apps")).spec).toEqual({ ...spec, suspend: true });
    // After a crash, for the same decision.
    expect(await prepare([flux("apps", tool)])).toEqual({ kind: "prepared", suspended });
    expect(await prepare([flux("apps", tool)], "d-2")).toEqual({ kind: "prepared", suspended: [] });
  });

  it("of Argo CD: the automated sync is taken out, and the command that is told puts it back as it was", async () => {
    const { spec } = await owning("applications", "shop", {
      syncPolicy: { automated: AUTOMATED, retry: { limit: 2 } },
    });
    const prepared = await prepare([argo("shop")]);
    expect(prepared).toMatchObject({
      kind: "prepared",
      suspended: [{ owner: `Argo CD application ${scene.namespace}/shop` }],
    });
    const suspended = await gitops.get("applications", "shop");
    expect(suspended.spec).toEqual({ ...spec, syncPolicy: { retry: { limit: 2 } } });
    expect(await prepare([argo("shop")])).toEqual(prepared);

    const script = join(dir, "resume.sh");
    writeFileSync(script, prepared.suspended[0]?.resume ?? "");
    const [, , , ...rest] = words(readFileSync(script, "utf8"));
    await scene.kubectl(...rest);
    const resumed = await gitops.get("applications", "shop");
    expect(resumed.spec.syncPolicy).toEqual({ automated: AUTOMATED, retry: { limit: 2 } });
    expect(resumed.metadata.annotations ?? {}).toEqual({});
  });

  it.each([
    ["an Application that does not sync by itself", { syncPolicy: {} }],
    ["one whose automated sync is switched off", { syncPolicy: { automated: { enabled: false } } }],
  ])("and %s is left as it is", async (what, spec) => {
    const name = what.replaceAll(/[^a-z]/gu, "").slice(0, 30);
    const application = await owning("applications", name, spec);
    expect(await prepare([argo(name)])).toEqual({ kind: "prepared", suspended: [] });
    expect(await gitops.get("applications", name)).toEqual(application);
  });

  it("Helm alone undoes nothing: there is nothing to suspend", async () => {
    expect(await prepare([{ tool: "helm", name: "shop", seenIn: "annotation" }])).toEqual({
      kind: "prepared",
      suspended: [],
    });
  });

  it.each<[string, GitOpsPlural, GitOpsOwner["tool"], object, string]>([
    ["Application", "applications", "argocd", {}, "is not in its status.resources"],
    ["Kustomization", "kustomizations", "flux-kustomization", {}, "is not in its status.inventory"],
    [
      "HelmRelease with an inventory",
      "helmreleases",
      "flux-helmrelease",
      { inventory: { entries: [{ id: "other_api_apps_Deployment", v: "v1" }] } },
      "is not in its status.inventory",
    ],
    [
      "HelmRelease without one",
      "helmreleases",
      "flux-helmrelease",
      { history: [snapshot("shop", 3), snapshot("other", 4)] },
      "belongs to Helm release web/shop, and the newest of its status.history is web/other",
    ],
  ])("refuses an owner that does not list the target: a %s", async (what, plural, tool, status, why) => {
    const name = what.replaceAll(/[^a-z]/gu, "").slice(-30);
    const spec = plural === "applications" ? { syncPolicy: { automated: AUTOMATED } } : {};
    const owner = await gitops.put(plural, name, spec, { status });
    const kept = keeps({ release: "web/shop" });
    const prepared = await prepare([
      { tool, name, namespace: scene.namespace, seenIn: "label", keeps: kept },
    ]);
    expect(prepared).toMatchObject({ kind: "failed", reason: "gitops-not-suspended", suspended: [] });
    expect(prepared.kind === "failed" && prepared.detail).toContain(why);
    expect(await gitops.get(plural, name)).toEqual(owner);
  });

  it("suspends a HelmRelease without an inventory that the target's Helm annotations name", async () => {
    await gitops.put(
      "helmreleases",
      "by-history",
      {},
      {
        status: { history: [snapshot("shop", 3), snapshot("shop", 4)] },
      },
    );
    const kept = keeps({ release: "web/shop" });
    const prepared = await prepare([{ ...flux("by-history", "flux-helmrelease"), keeps: kept }]);
    expect(prepared).toMatchObject({ kind: "prepared", suspended: [{}] });
    expect((await gitops.get("helmreleases", "by-history")).spec.suspend).toBe(true);
  });

  it("suspends each owner that lists the target, and leaves one alone that does not", async () => {
    await owning("kustomizations", "both", {});
    await owning("applications", "both", { syncPolicy: { automated: AUTOMATED } });
    const left = await gitops.put("kustomizations", "left-over", {});
    const prepared = await prepare([argo("both"), flux("both"), flux("left-over"), flux("gone")]);
    const { namespace } = scene;
    expect(prepared).toMatchObject({
      kind: "prepared",
      suspended: [
        { owner: `Argo CD application ${namespace}/both` },
        { owner: `Flux Kustomization ${namespace}/both` },
      ],
    });
    expect(await gitops.get("kustomizations", "left-over")).toEqual(left);
  });

  it("suspends no owner when one of them cannot be suspended", async () => {
    const first = await owning("kustomizations", "first", {});
    const automated = { syncPolicy: { automated: AUTOMATED } };
    await owning("applications", "set-made", automated, {
      ownerReferences: [await applicationSet("one", {})],
    });
    const prepared = await prepare([flux("first"), argo("set-made")]);
    expect(prepared).toMatchObject({ kind: "failed", suspended: [] });
    expect(await gitops.get("kustomizations", "first")).toEqual(first);
  });

  it("names the setting and where Applications are when an Application is not found", async () => {
    const prepared = await prepare([argo("both"), argo("missing")].slice(1));
    const { namespace } = scene;
    expect(prepared).toMatchObject({ kind: "failed", reason: "gitops-not-suspended", suspended: [] });
    expect(prepared.kind === "failed" && prepared.detail).toMatch(
      new RegExp(
        `ROLLBACKD_ARGOCD_NAMESPACE, which is "${namespace}"\\..*Applications are in .*"${namespace}"`,
        "u",
      ),
    );
  });

  async function applicationSet(name: string, spec: object) {
    const { metadata } = await gitops.put("applicationsets", name, spec);
    return { apiVersion: "argoproj.io/v1alpha1", kind: "ApplicationSet", name, uid: metadata.uid };
  }

  it.each<[string, object, boolean]>([
    ["makes it as it is written", {}, false],
    ["ignores another field", { ignoreApplicationDifferences: [{ jsonPointers: ["/spec/source"] }] }, false],
    [
      "ignores the sync policy of another Application",
      { ignoreApplicationDifferences: [{ name: "other", jsonPointers: ["/spec/syncPolicy"] }] },
      false,
    ],
    [
      "ignores the sync policy",
      { ignoreApplicationDifferences: [{ jsonPointers: ["/spec/syncPolicy"] }] },
      true,
    ],
    ["only creates Applications", { syncPolicy: { applicationsSync: "create-only" } }, true],
  ])("suspends an Application of an ApplicationSet that %s: %#", async (what, spec, isSuspended) => {
    const name = `of-${what.replaceAll(/[^a-z]/gu, "").slice(0, 40)}`;
    const ownerReferences = [await applicationSet(name, spec)];
    await owning("applications", name, { syncPolicy: { automated: AUTOMATED } }, { ownerReferences });
    const prepared = await prepare([argo(name)]);
    const refused = {
      kind: "failed",
      detail: expect.stringContaining(`ApplicationSet ${scene.namespace}/${name}`) as string,
    };
    expect(prepared).toMatchObject(isSuspended ? { kind: "prepared" } : refused);
  });

  /** Writes the object as its own tool's controller does. */
  async function written(
    plural: "applications" | "kustomizations",
    name: string,
    { spec, metadata, manager, how }: Writing,
  ): Promise<void> {
    const current = await owning(plural, name, {});
    const [apiVersion, kind] =
      plural === "applications"
        ? ["argoproj.io/v1alpha1", "Application"]
        : ["kustomize.toolkit.fluxcd.io/v1", "Kustomization"];
    const file = join(dir, `${name}.json`);
    const body = { apiVersion, kind, metadata: { name, ...metadata }, spec: { ...current.spec, ...spec } };
    writeFileSync(file, JSON.stringify(body));
    const side = how === "Apply" ? ["--server-side", "--force-conflicts"] : [];
    await scene.kubectl("apply", ...side, `--field-manager=${manager}`, "-f", file);
  }

  it.each(["Apply", "Update"] as const)(
    "refuses a Kustomization whose spec.suspend a parent Kustomization sets by %s",
    async (how) => {
      const [parent, child] = [`parent-${how.toLowerCase()}`, `child-${how.toLowerCase()}`];
      const { namespace } = scene;
      const entries = [{ id: `${namespace}_${child}_kustomize.toolkit.fluxcd.io_Kustomization`, v: "v1" }];
      await gitops.put("kustomizations", parent, {}, { status: { inventory: { entries } } });
      const labels = {
        "kustomize.toolkit.fluxcd.io/name": parent,
        "kustomize.toolkit.fluxcd.io/namespace": namespace,
      };
      const writing = {
        spec: { suspend: false },
        metadata: { labels },
        manager: "kustomize-controller",
        how,
      };
      await written("kustomizations", child, writing);
      const prepared = await prepare([flux(child)]);
      expect(prepared).toMatchObject({ kind: "failed", suspended: [] });
      expect(prepared.kind === "failed" && prepared.detail).toContain(
        `Flux Kustomization ${namespace}/${parent} sets spec.suspend and would have it go on`,
      );
      await scene.kubectl(
        "patch",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        parent,
        "--type=merge",
        '-p={"spec":{"suspend":true}}',
      );
      expect(await prepare([flux(child)])).toMatchObject({ kind: "prepared", suspended: [{}] });
    },
  );

  it("suspends a Kustomization whose spec.suspend only kubectl set", async () => {
    await written("kustomizations", "by-hand", {
      spec: { suspend: false },
      metadata: {},
      manager: "kubectl-client-side-apply",
      how: "Update",
    });
    expect(await prepare([flux("by-hand")])).toMatchObject({ kind: "prepared", suspended: [{}] });
  });

  it.each<[string, object, boolean]>([
    ["syncs without being asked", { syncPolicy: { automated: AUTOMATED } }, false],
    ["syncs when it is asked", {}, true],
    [
      "ignores the sync policy of its Applications in a sync, too",
      {
        ignoreDifferences: [
          { group: "argoproj.io", kind: "Application", jsonPointers: ["/spec/syncPolicy/automated"] },
        ],
        syncPolicy: { automated: AUTOMATED, syncOptions: ["RespectIgnoreDifferences=true"] },
      },
      true,
    ],
  ])("suspends an Application tracked by label whose parent %s: %#", async (what, spec, isSuspended) => {
    const parent = `root-${what.replaceAll(/[^a-z]/gu, "").slice(0, 40)}`;
    const child = `app-${what.replaceAll(/[^a-z]/gu, "").slice(0, 40)}`;
    const { namespace } = scene;
    const resources = [{ group: "argoproj.io", kind: "Application", namespace, name: child }];
    await gitops.put("applications", parent, spec, { status: { resources } });
    await written("applications", child, {
      spec: { syncPolicy: { automated: AUTOMATED } },
      metadata: { labels: { "app.kubernetes.io/instance": parent } },
      manager: "argocd-controller",
      how: "Update",
    });
    const prepared = await prepare([argo(child)]);
    const refused = {
      kind: "failed",
      detail: expect.stringContaining(`application ${namespace}/${parent}`) as string,
    };
    expect(prepared).toMatchObject(isSuspended ? { kind: "prepared" } : refused);
  });

  it("suspends an Application that Helm alone installed, which corrects nothing", async () => {
    await written("applications", "by-helm", {
      spec: { syncPolicy: { automated: AUTOMATED } },
      metadata: {
        labels: { "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "apps" },
        annotations: { "meta.helm.sh/release-name": "apps", "meta.helm.sh/release-namespace": "argocd" },
      },
      manager: "helm",
      how: "Update",
    });
    expect(await prepare([argo("by-helm")])).toMatchObject({ kind: "prepared", suspended: [{}] });
  });

  it.each<[string, GitOpsPlural, GitOpsOwner["tool"], object, string | undefined]>([
    [
      "HelmRelease without drift detection",
      "helmreleases",
      "flux-helmrelease",
      {},
      "its drift detection is off",
    ],
    [
      "HelmRelease that only warns of drift",
      "helmreleases",
      "flux-helmrelease",
      { driftDetection: { mode: "warn" } },
      "its drift detection is off",
    ],
    [
      "HelmRelease with drift detection",
      "helmreleases",
      "flux-helmrelease",
      { driftDetection: { mode: "enabled" } },
      undefined,
    ],
    ["suspended Kustomization", "kustomizations", "flux-kustomization", { suspend: true }, "it is suspended"],
    ["Kustomization", "kustomizations", "flux-kustomization", {}, undefined],
    ["Application that syncs when asked", "applications", "argocd", {}, "it syncs only when it is asked"],
    [
      "Application that syncs without being asked",
      "applications",
      "argocd",
      { syncPolicy: { automated: {} } },
      undefined,
    ],
  ])(
    "a %s is known to put a change back or to leave it alone",
    async (what, plural, tool, spec, expected) => {
      const name = `ask-${what.toLowerCase().replaceAll(/[^a-z]/gu, "")}`.slice(0, 60);
      await owning(plural, name, spec);
      const owner = { ...flux(name, tool), keeps: keeps() };
      const ask = askOwners({ api: scene.api, argocdNamespace: scene.namespace });
      const [asked] = await ask([owner]);
      expect(asked?.leavesAlone).toBe(expected);
      const [other] = await ask([{ ...owner, keeps: keeps({ name: "other" }) }]);
      expect(other?.leavesAlone).toBeUndefined();
      const [missing] = await ask([{ ...owner, name: "missing" }]);
      expect(missing?.leavesAlone).toBeUndefined();
    },
  );

  const OPERATION = { retry: { limit: 5 }, sync: { revision: "abc" } };
  const running = (phase: string) => ({
    operationState: { operation: OPERATION, phase, startedAt: "2026-03-02T10:00:00Z", retryCount: 2 },
  });
  const reconciling = (message: string) => ({
    conditions: [{ type: "Reconciling", status: "True", reason: "Progressing", message }],
  });
  it.each<[string, GitOpsPlural, GitOpsOwner["tool"], object, object, string | undefined]>([
    [
      "an Application whose sync operation runs",
      "applications",
      "argocd",
      running("Running"),
      {},
      "a sync operation runs since 2026-03-02T10:00:00Z, retry 2",
    ],
    [
      "an Application whose sync operation is being ended",
      "applications",
      "argocd",
      running("Terminating"),
      {},
      "a sync operation runs",
    ],
    [
      "an Application whose sync operation is requested",
      "applications",
      "argocd",
      {},
      { operation: OPERATION },
      "a sync operation is requested",
    ],
    [
      "an Application whose sync operation is over",
      "applications",
      "argocd",
      running("Succeeded"),
      {},
      undefined,
    ],
    [
      "a Kustomization that applies",
      "kustomizations",
      "flux-kustomization",
      reconciling("Building manifests"),
      {},
      "a reconciliation runs (Building manifests)",
    ],
    [
      "a Kustomization that only waits for health checks",
      "kustomizations",
      "flux-kustomization",
      reconciling("Running health checks for revision main@sha1:abc with a timeout of 5m"),
      {},
      undefined,
    ],
    [
      "a HelmRelease that upgrades",
      "helmreleases",
      "flux-helmrelease",
      reconciling("Running 'upgrade' action with timeout of 5m0s"),
      {},
      "a reconciliation runs",
    ],
  ])("suspends %s, and waits for its end: %#", async (what, plural, tool, status, more, why) => {
    const name = what.replaceAll(/[^a-z]/gu, "").slice(-50);
    const spec = plural === "applications" ? { syncPolicy: { automated: AUTOMATED } } : {};
    await gitops.put(plural, name, spec, { ...more, status: { ...listing(plural), ...status } });
    const prepared = await prepare([flux(name, tool)]);
    const waits = {
      kind: "again",
      failure: { changed: false, detail: expect.stringContaining(why ?? "") as string },
    };
    expect(prepared).toMatchObject({
      ...(why === undefined ? { kind: "prepared" } : waits),
      suspended: [{}],
    });
    const now = await gitops.get(plural, name);
    expect(now.spec.suspend ?? now.spec.syncPolicy).toEqual(plural === "applications" ? {} : true);
    // What runs is left to run.
    expect(now).toMatchObject(more);
  });

  it("the Roles of deploy/gitops allow it; without them it is said which rule is missing", async () => {
    const { namespace, harness } = scene;
    await owning("kustomizations", "guarded", {});
    await owning("applications", "guarded", { syncPolicy: { automated: AUTOMATED } });
    const account = await createServiceAccount(harness, kubeconfig, { namespace, name: "rollbackd", dir });
    const connection = await connect(account);
    const api = kubeApi(connection);
    const owners = [flux("guarded"), argo("guarded")];
    const refused = await prepare(owners, "d-1", api);
    expect(refused).toMatchObject({ kind: "again", isRefused: true, suspended: [] });
    expect(refused.kind === "again" && refused.failure.detail).toContain(
      '{apiGroups: ["kustomize.toolkit.fluxcd.io"], resources: ["kustomizations"], verbs: ["get", "patch"]}',
    );
    const folder = join(import.meta.dirname, "../../../deploy/gitops");
    for (const file of ["flux.yaml", "argocd.yaml"]) {
      const text = readFileSync(join(folder, file), "utf8").replaceAll(
        /namespace: .*/gu,
        `namespace: ${namespace}`,
      );
      writeFileSync(join(dir, file), text);
      await scene.kubectl("apply", "-f", join(dir, file));
    }
    for (const kind of ["kustomizations.kustomize.toolkit.fluxcd.io", "applications.argoproj.io"]) {
      await allowed(scene.kubectl, { namespace, account: "rollbackd" }, ["patch", kind]);
    }
    const prepared = await prepare(owners, "d-1", api);
    await connection.close();
    expect(prepared).toMatchObject({ kind: "prepared", suspended: [{}, {}] });
  });

  it(
    "trap 28: by the whole program, which tells how to resume it, and names who brings the bad version back",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const stage = await createStage({
        kubeconfig,
        replicas: 1,
        forSeconds: 4,
        override: { gitops: "suspend" },
      });
      onTestFinished(stage.stop);
      const { namespace, kubectl } = stage.world;
      const prefix = "kustomize.toolkit.fluxcd.io";
      await kubectl(
        "label",
        "deployment/vcci-api",
        `${prefix}/name=apps`,
        `${prefix}/namespace=${namespace}`,
      );
      const kept = await createGitOpsObjects(stage.world.api, namespace);
      const entries = [{ id: `${namespace}_vcci-api_apps_Deployment`, v: "v1" }];
      const status = { inventory: { entries } };
      const { spec } = await kept.put("kustomizations", "apps", {}, { status });
      const daemon = await stage.start();
      await settled(daemon);
      await stage.world.release("vcci-api:v2");
      const suspended = await stage.first("gitops.suspended");
      const { seq } = await stage.first("rollback.applied");
      expect(suspended.seq).toBeLessThan(seq);
      expect((await kept.get("kustomizations", "apps")).spec).toEqual({ ...spec, suspend: true });
      await stage.first("rollback.verified");
      const resume = `flux resume kustomization apps --namespace ${namespace}`;
      expect(suspended.resume).toBe(resume);

      await kubectl(
        "set",
        "image",
        "deployment/vcci-api",
        "api=vcci-api:v2",
        "--field-manager=kustomize-controller",
      );
      await stage.first("release.observed", ({ quarantined }) => quarantined);
      const back = "Flux (kustomize-controller) brought back what was rolled back";
      await eventually(
        "the page that names it",
        () => expect(stage.pages().filter(({ summary }) => summary.startsWith(back))).toHaveLength(1),
        PATIENCE,
      );
      expect(await stage.all("rollback.started")).toHaveLength(1);
    },
  );
});

/** As a shell splits the command: by spaces, but for what is in single quotes. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}
