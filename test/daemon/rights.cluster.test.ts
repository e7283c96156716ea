import { expect, it, type TestContext } from "vitest";
import { createHistory } from "../../src/daemon/history.ts";
import { rightsOf } from "../../src/daemon/rights.ts";
import { createRightsWatch } from "../../src/daemon/rights-watch.ts";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect as connectAs } from "../../src/kubernetes/connect.ts";
import { connect } from "../cluster/api.ts";
import { createNamespace, createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { eventually } from "../support/eventually.ts";
import { MINUTE, policy, TEN } from "../support/model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const APPS = (resource: string, verbs: readonly string[], ...resourceNames: readonly string[]): Rule => ({
  apiGroups: ["apps"],
  resources: [resource],
  verbs,
  ...(resourceNames.length > 0 && { resourceNames }),
});
const PODS: Rule = { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] };
const WHOLE = ["get", "list", "watch", "patch"];

describeOnCluster("rights, as the API server tells them", (kubeconfig) => {
  /** An account with one Role, and the watch that asks for it. */
  async function given({ onTestFinished }: TestContext, rules: readonly Rule[]) {
    const admin = connect(kubeconfig);
    onTestFinished(() => admin.close());
    const namespace = await createNamespace(admin, "rights");
    onTestFinished(() => admin.remove(`/api/v1/namespaces/${namespace}`));
    const { path: dir, remove } = temporaryFolder();
    onTestFinished(remove);
    const own = await createServiceAccount(admin, kubeconfig, { namespace, name: "watcher", dir });
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const grant = async (name: string, its: readonly Rule[]): Promise<void> => {
      await admin.create(`${rbac}/roles`, { metadata: { name }, rules: its });
      await admin.create(`${rbac}/rolebindings`, {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name: "watcher", namespace }],
      });
    };
    await grant("first", rules);
    const connection = await connectAs(own);
    onTestFinished(() => connection.close());
    const api = kubeApi(connection);
    const log = memoryLog();
    const history = createHistory();
    log.onAppended(history.apply);
    let at = TEN;
    const target = { kind: "deployment", namespace, deployment: "api" } as const;
    const watch = createRightsWatch({
      api: () => api,
      rights: () => rightsOf([{ policy: policy({ target }), owners: [] }], { argocdNamespace: "argocd" }),
      record: (body) => log.append(body, at),
      onRecord: history.missingRights,
      logger: { info: () => undefined, warn: () => undefined },
      now: () => at,
    });
    // The API server's authorizer learns of a Role and its binding some moments after it took them.
    const lacks = async (what: string, expected: readonly string[]): Promise<readonly string[]> => {
      await eventually(what, async () => {
        at += 3 * MINUTE;
        await watch.look();
        const { missing, unknown } = watch.state();
        expect(unknown).toBeUndefined();
        expect(missing.flatMap((role) => role.rules)).toEqual(expected);
      });
      return watch.state().missing.map((role) => role.namespace);
    };
    return { grant, lacks, watch, types: () => log.records.map(({ type }) => type) };
  }

  it("a Role without `patch` is named with the rule that it lacks, until somebody adds it", async (context) => {
    const seeing = [APPS("deployments", ["get", "list", "watch"]), APPS("replicasets", WHOLE), PODS];
    const { grant, lacks, types } = await given(context, seeing);
    await lacks("patch is missing", ['{apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}']);
    await grant("second", [APPS("deployments", ["patch"])]);
    await lacks("nothing is missing", []);
    expect(types().at(-1)).toBe("rights.granted");
  });

  it("a Role that names the Deployment is enough", async (context) => {
    const { lacks } = await given(context, [
      APPS("deployments", WHOLE, "api"),
      APPS("replicasets", ["list", "watch"]),
      PODS,
    ]);
    expect(await lacks("nothing is missing", [])).toEqual([]);
  });

  it("a Role that names another Deployment is not enough", async (context) => {
    const { lacks } = await given(context, [
      APPS("deployments", WHOLE, "web"),
      APPS("replicasets", ["list", "watch"]),
      PODS,
    ]);
    const rule =
      '{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "patch", "watch"]}';
    expect(await lacks("all of it is missing", [rule])).toHaveLength(1);
  });

  it("optional rights that are missing are listed apart", async (context) => {
    const { lacks, watch } = await given(context, [
      APPS("deployments", WHOLE),
      APPS("replicasets", ["list", "watch"]),
      PODS,
    ]);
    await lacks("nothing is missing", []);
    expect(watch.state().optional.flatMap(({ rules }) => rules)).toEqual([
      '{apiGroups: [""], resources: ["configmaps"], verbs: ["get"]}',
      '{apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: ["get"]}',
      '{apiGroups: [""], resources: ["secrets"], verbs: ["get"]}',
      '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["patch"]}',
    ]);
  });
});
