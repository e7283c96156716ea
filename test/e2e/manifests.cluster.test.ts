import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Api, connect } from "../cluster/api.ts";
import { allowed } from "../cluster/grant.ts";
import { actAs } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { deploymentNow } from "./cluster-state.ts";
import { createStage, settled, type Stage, TIMEOUT_MS } from "./stage.ts";

const MANIFESTS = join(import.meta.dirname, "../../deploy");

/** Applies deploy/ as an operator would, with the namespace changed as its comments say. */
async function applied({ world }: Stage, folder: string): Promise<string> {
  for (const name of readdirSync(MANIFESTS).filter((file) => file.endsWith(".yaml"))) {
    const text = readFileSync(join(MANIFESTS, name), "utf8").replaceAll("vcci-production", world.namespace);
    writeFileSync(join(folder, name), text);
  }
  return world.kubectl("apply", "--server-side", "-f", folder);
}

interface Rule {
  readonly verbs: readonly string[];
  readonly resources?: readonly string[];
}

describeOnCluster("the manifests of deploy/", (kubeconfig) => {
  it(
    "apply, and their ServiceAccount can do all that rollbackd does, and no more",
    { timeout: TIMEOUT_MS },
    async ({ onTestFinished }) => {
      const folder = temporaryFolder();
      onTestFinished(folder.remove);
      const identities = temporaryFolder();
      onTestFinished(identities.remove);
      const stage = await createStage({ kubeconfig, replicas: 1, forSeconds: 4 });
      onTestFinished(stage.stop);
      const said = await applied(stage, folder.path);
      for (const kind of [
        "serviceaccount",
        "role",
        "rolebinding",
        "configmap",
        "deployment",
        "persistentvolumeclaim",
      ]) {
        expect(said).toMatch(new RegExp(`${kind}[^ ]*/rollbackd[^ ]* serverside-applied`));
      }

      const api = connect(kubeconfig);
      onTestFinished(() => void api.close());
      const { namespace } = stage.world;
      await allowed(stage.world.kubectl, { namespace, account: "rollbackd" }, ["patch", "deployments.apps"]);
      const account = await actAs(api, kubeconfig, { namespace, name: "rollbackd", dir: identities.path });
      const daemon = await stage.start({ KUBECONFIG: account });
      await settled(daemon);
      await stage.world.release("vcci-api:v2");
      await stage.first("rollback.verified");
      const { decisionId } = await stage.first("rollback.started");
      expect(await deploymentNow(stage.world)).toMatchObject({ image: "vcci-api:v1", decision: decisionId });
      expect(daemon.output()).not.toMatch(/forbidden|could not be written/i);
      expect(await daemon.stop()).toBe(0);

      const own = connect(account);
      onTestFinished(() => void own.close());
      expect(await allowedIn(own, namespace)).toEqual([
        "configmaps: get",
        "controllerrevisions: list watch patch",
        "deployments: get list watch patch",
        "persistentvolumeclaims: get",
        "pods: list watch",
        "replicasets: list watch patch",
        "services: get list watch patch",
        "statefulsets: get list watch patch",
        "subjectaccessreviews: create",
        "tokenreviews: create",
        "vulnerabilityreports: list watch",
      ]);
      expect(await allowedIn(own, "default")).toEqual([
        "subjectaccessreviews: create",
        "tokenreviews: create",
      ]);
    },
  );
});

/** All that the account may do in a namespace, but for asking what it may do, as everybody can. */
async function allowedIn(account: Api, namespace: string): Promise<readonly string[]> {
  const { status } = await account.create<{ status: { resourceRules: readonly Rule[] } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    { spec: { namespace } },
  );
  return status.resourceRules
    .flatMap(({ resources = [], verbs }) => resources.map((resource) => `${resource}: ${verbs.join(" ")}`))
    .filter((line) => !line.startsWith("selfsubject"))
    .toSorted();
}
