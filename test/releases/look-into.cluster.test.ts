import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import { lookIntoWith } from "../../src/releases/look-into.ts";
import { pairOf } from "../../src/releases/template-pairs.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { createScene, type Scene } from "../rollback/deployment-scene.ts";
import { eventually } from "../support/eventually.ts";

const VALUE = "VALUE-OF-THE-SECRET";
const ROLES = ["role.yaml", "secrets/role.yaml"].map((file) =>
  join(import.meta.dirname, "../../deploy", file),
);

describeOnCluster("what changed beside a release", (kubeconfig) => {
  let scene: Scene;
  let account: KubeApi;
  let dir: string;
  const cleanUps: (() => unknown)[] = [];
  beforeAll(async () => {
    scene = await createScene(kubeconfig);
    cleanUps.push(scene.stop);
    dir = mkdtempSync(join(tmpdir(), "rollbackd-account-"));
    cleanUps.push(() => rmSync(dir, { recursive: true }));
    const { namespace, harness } = scene;
    const file = await createServiceAccount(harness, kubeconfig, { namespace, name: "rollbackd", dir });
    const connection = await connect(file);
    cleanUps.push(() => connection.close());
    account = kubeApi(connection);
    await harness.create(`/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: "settings" },
      data: { level: "debug" },
    });
    // As `kubectl apply` does, with a copy of everything in an annotation.
    writeFileSync(
      join(dir, "db.json"),
      JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "db" },
        stringData: { url: VALUE },
      }),
    );
    await scene.kubectl("apply", "-f", join(dir, "db.json"));
    await scene.create("api", ["vcci-api:v1", "vcci-api:v2"], {
      container: { envFrom: [{ configMapRef: { name: "settings" } }, { secretRef: { name: "db" } }] },
    });
  });
  afterAll(async () => {
    for (const run of cleanUps.reverse()) await run();
  });

  const lookInto = async (api: KubeApi) => {
    const { namespace } = scene;
    const watch = watchDeployment({ api: scene.api, namespace, deployment: "api", now: Date.now });
    const { release } = await eventually("the release is seen", () => {
      const lookup = watch.current();
      if (!lookup.ok || lookup.snapshot.release.revision.name !== "2") throw new Error("not yet");
      return lookup.snapshot;
    });
    const context = await lookIntoWith({ api, namespace, templates: pairOf(watch) })(release);
    await watch.stop();
    return context;
  };

  it("without the right to see it, that is said, and what the release changed is told all the same", async () => {
    const { changes, references, unseen } = await lookInto(account);
    expect(changes).toEqual(["- containers.api.image: vcci-api:v1", "+ containers.api.image: vcci-api:v2"]);
    expect(references).toMatchObject({ looked: 0, changed: [] });
    expect(unseen).toEqual([expect.stringContaining("ConfigMaps"), expect.stringContaining("Secrets")]);
  });

  it("trap 34: with the Roles of deploy/, names and times are seen, and nothing of what the objects hold is kept", async () => {
    const { namespace, kubectl, harness } = scene;
    for (const [index, manifest] of ROLES.entries()) {
      const role = join(dir, `role-${index}.yaml`);
      writeFileSync(role, readFileSync(manifest, "utf8").replaceAll("vcci-production", namespace));
      await kubectl("apply", "-f", role);
    }
    await harness.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
      metadata: { name: "rollbackd" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "rollbackd" },
      subjects: [{ kind: "ServiceAccount", name: "rollbackd", namespace }],
    });
    const context = await eventually("the Role is in force", async () => {
      const found = await lookInto(account);
      expect(found.unseen).toBeUndefined();
      return found;
    });
    expect(context.references?.changed.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
      "ConfigMap settings",
      "Secret db",
    ]);
    expect(await kubectl("get", "secret", "db", "-o", "jsonpath={.metadata.annotations}")).toContain(VALUE);
    const object = await account.metadata({ group: "", resource: "secrets", namespace, name: "db" });
    expect(object.metadata).toMatchObject({ name: "db", managedFields: expect.anything() });
    expect(Object.keys(object)).toEqual(["metadata"]);
    expect(JSON.stringify([object, context])).not.toMatch(
      new RegExp(`${VALUE}|${Buffer.from(VALUE).toString("base64")}`),
    );
  });
});
