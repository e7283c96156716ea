import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { Prepared } from "../../src/rollback/act.ts";
import { suspendOwners } from "../../src/rollback/suspend.ts";
import { createGitOpsObjects, type GitOpsObjects } from "../cluster/gitops-objects.ts";
import { allowed } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { release } from "../support/model.ts";
import { order } from "../verification/situation.ts";
import { createStage, PATIENCE, settled, TIMEOUT_MS } from "../e2e/stage.ts";
import { eventually } from "../support/eventually.ts";
import { createScene, type Scene } from "./deployment-scene.ts";

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

  const flux = (name: string, tool: GitOpsOwner["tool"] = "flux-kustomization"): GitOpsOwner => ({
    tool,
    name,
    namespace: scene.namespace,
    seenIn: "label",
  });
  const argo = (name: string): GitOpsOwner => ({ tool: "argocd", name, seenIn: "label" });

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
    const { spec } = await gitops.put(kind, "apps", {});
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
    const { spec } = await gitops.put("applications", "shop", {
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
    const application = await gitops.put("applications", name, spec);
    expect(await prepare([argo(name)])).toEqual({ kind: "prepared", suspended: [] });
    expect(await gitops.get("applications", name)).toEqual(application);
  });

  it("Helm alone undoes nothing: there is nothing to suspend", async () => {
    expect(await prepare([{ tool: "helm", name: "shop", seenIn: "annotation" }])).toEqual({
      kind: "prepared",
      suspended: [],
    });
  });

  it("where that would not last, nothing is changed and it is said who would have it go on", async () => {
    const { namespace, kubectl } = scene;
    const { metadata } = await gitops.put("applicationsets", "all-shops", {});
    const set = {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "ApplicationSet",
      name: "all-shops",
      uid: metadata.uid,
    };
    const automated = { syncPolicy: { automated: AUTOMATED } };
    const ownerReferences = [set];
    const generated = await gitops.put("applications", "generated", automated, {
      metadata: { ownerReferences },
    });
    const tracking = `root:argoproj.io/Application:${namespace}/child`;
    const annotations = { "argocd.argoproj.io/tracking-id": tracking };
    await gitops.put("applications", "child", automated, { metadata: { annotations } });
    const { spec } = await gitops.put("kustomizations", "asserted", {});
    const manifest = {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "asserted" },
      spec: { ...spec, suspend: false },
    };
    const file = join(dir, "asserted.json");
    writeFileSync(file, JSON.stringify(manifest));
    const manager = "--field-manager=kustomize-controller";
    await kubectl("apply", "--server-side", "--force-conflicts", manager, "-f", file);

    const cases = [
      [argo("generated"), "ApplicationSet all-shops makes this Application"],
      [argo("child"), "Argo CD application root makes this Application"],
      [flux("asserted"), "kustomize-controller would have it go on"],
      [argo("missing"), "not found"],
      [{ tool: "argocd", seenIn: "managedFields" }, "does not show which Application"],
    ] as const;
    for (const [owner, why] of cases) {
      const prepared = await prepare([owner]);
      expect(prepared).toMatchObject({ kind: "failed", reason: "gitops-not-suspended", suspended: [] });
      expect(prepared.kind === "failed" && prepared.detail).toContain(why);
    }
    expect(await gitops.get("applications", "generated")).toEqual(generated);
    expect((await gitops.get("kustomizations", "asserted")).spec.suspend).toBe(false);
  });

  it("what was suspended before one that cannot be is said, too", async () => {
    await gitops.put("kustomizations", "first", {});
    const prepared = await prepare([flux("first"), argo("missing")]);
    expect(prepared).toMatchObject({
      kind: "failed",
      suspended: [{ owner: `Flux Kustomization ${scene.namespace}/first` }],
    });
  });

  it("the Roles of deploy/gitops allow it; without them it is said which rule is missing", async () => {
    const { namespace, harness } = scene;
    await gitops.put("kustomizations", "guarded", {});
    await gitops.put("applications", "guarded", { syncPolicy: { automated: AUTOMATED } });
    const account = await createServiceAccount(harness, kubeconfig, { namespace, name: "rollbackd", dir });
    const connection = await connect(account);
    const api = kubeApi(connection);
    const owners = [flux("guarded"), argo("guarded")];
    const refused = await prepare(owners, "d-1", api);
    expect(refused).toMatchObject({ kind: "failed", suspended: [] });
    expect(refused.kind === "failed" && refused.detail).toContain(
      '{apiGroups: ["kustomize.toolkit.fluxcd.io"], resources: ["kustomizations"], verbs: ["get"]}',
    );
    const folder = join(import.meta.dirname, "../../deploy/gitops");
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
      const { spec } = await kept.put("kustomizations", "apps", {});
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
