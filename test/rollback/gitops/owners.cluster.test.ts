import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { watchDeployment } from "../../../src/releases/deployment-watch.ts";
import type { TargetSnapshot } from "../../../src/releases/release.ts";
import { ownedElsewhere } from "../../../src/decisions/gitops.ts";
import { deploymentStrategy } from "../../../src/rollback/deployment.ts";
import { vcciApiDeployment } from "../../cluster/deployment.ts";
import { describeOnCluster } from "../../cluster/shared.ts";
import { policy } from "../../support/model.ts";
import { eventually } from "../../support/eventually.ts";
import { createScene, type Scene } from "../deployment-scene.ts";
import { fewTries } from "../tries.ts";

const NEVER = new AbortController().signal;
const FLUX = {
  "kustomize.toolkit.fluxcd.io/name": "apps",
  "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
};

/** Writes are dated by the second: which of two within one came first nobody can tell. */
async function nextSecond(): Promise<void> {
  const second = (): number => Math.floor(Date.now() / 1000);
  const begun = second();
  await eventually("the next second", () => expect(second()).toBeGreaterThan(begun));
}

describeOnCluster("a Deployment that Git keeps", (kubeconfig) => {
  let scene: Scene;
  let folder: string;
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    folder = mkdtempSync(join(tmpdir(), "rollbackd-gitops-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await scene.stop();
  });

  /** As Flux's kustomize-controller applies what is in Git. */
  async function reconcile(name: string, image: string): Promise<void> {
    const deployment = vcciApiDeployment({ name, image }) as {
      readonly metadata: { readonly labels: object };
    };
    const { metadata } = deployment;
    const manifest = { ...deployment, metadata: { ...metadata, labels: { ...metadata.labels, ...FLUX } } };
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(manifest));
    const as = ["--server-side", "--force-conflicts", "--field-manager=kustomize-controller"];
    await scene.kubectl("apply", ...as, "-f", file);
    await scene.settled(name);
  }

  it("shows its owner, and who wrote each release", async () => {
    await reconcile("owned", "vcci-api:v1");
    await nextSecond();
    await scene.setImage("owned", "vcci-api:v2");
    const { owners, release } = await scene.snapshot("owned");
    expect(owners).toEqual([
      {
        tool: "flux-kustomization",
        namespace: "flux-system",
        name: "apps",
        seenIn: "label kustomize.toolkit.fluxcd.io/name",
        keeps: [expect.objectContaining({ kind: "Deployment", group: "apps" })],
      },
    ]);
    expect(release.writtenBy).toBe("kubectl-set");
  });

  it("shows the operator that owns it before the tool that keeps the operator's own resource", async () => {
    const name = "made-by-operator";
    await reconcile(name, "vcci-api:v1");
    await scene.kubectl("create", "configmap", "orders");
    const uid = await scene.kubectl("get", "configmap", "orders", "-o", "jsonpath={.metadata.uid}");
    const owner = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "orders",
      uid: uid.trim(),
      controller: true,
    };
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
    await scene.kubectl("patch", "deployment", name, "--type=merge", "-p", patch);
    const { owners = [] } = await scene.snapshot(name);
    expect(owners).toMatchObject([
      { tool: "controller", kind: "ConfigMap", name: "orders", apiVersion: "v1" },
    ]);
    expect(ownedElsewhere({ policy: policy({ gitops: "refuse" }), owners })).toMatch(
      /^ConfigMap .*orders \(v1\) owns it/u,
    );
  });

  it("trap 28: is given back the bad version after a rollback: the first event that shows it names who did it", async () => {
    const name = "fought-over";
    await reconcile(name, "vcci-api:v1");
    await reconcile(name, "vcci-api:v2");
    const { target, uid, release } = await scene.snapshot(name);
    expect(release.writtenBy).toBe("kustomize-controller");
    const { previous: to } = release;
    if (to === undefined) throw new Error("nothing ran before");
    const order = {
      decisionId: "d-1",
      policy: policy(),
      target,
      uid,
      release: release.id,
      from: release.revision,
      to,
      reason: "errors",
    };
    const { namespace, api } = scene;
    const watch = watchDeployment({ api, namespace, deployment: name, now: Date.now });
    const seen: TargetSnapshot[] = [];
    watch.onChange(() => {
      const lookup = watch.current();
      if (lookup.ok) seen.push(lookup.snapshot);
    });
    expect(await fewTries(deploymentStrategy({ api, now: Date.now })).act(order, NEVER)).toMatchObject({
      kind: "applied",
    });
    await scene.settled(name);
    await eventually("the rollback is seen", () => expect(seen.at(-1)?.release.cause).toBe("rollback"));
    expect(seen.at(-1)?.release).not.toHaveProperty("writtenBy");
    const before = seen.length;
    await nextSecond();
    await reconcile(name, "vcci-api:v2");
    const isBad = ({ release: { revision } }: TargetSnapshot) => revision.digest === order.from.digest;
    await eventually("the bad version is back", () => expect(seen.slice(before).some(isBad)).toBe(true));
    await watch.stop();
    const first = seen.slice(before).find(isBad);
    expect(first?.release).toMatchObject({
      writtenBy: "kustomize-controller",
      cause: "deploy",
      revision: { standing: "quarantined" },
    });
    expect(first?.release.id).not.toBe(order.release);
  });
});
