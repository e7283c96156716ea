import { expect, it } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect as connectAs } from "../../src/kubernetes/connect.ts";
import { kubernetesAuthority } from "../../src/server/access/kubernetes.ts";
import { connect } from "../cluster/api.ts";
import { createNamespace } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";

describeOnCluster("who may, as the cluster says", (kubeconfig) => {
  it("a Role lets an account do what it names, on the policy that it names, and nothing else", async ({
    onTestFinished,
  }) => {
    const admin = connect(kubeconfig);
    onTestFinished(() => admin.close());
    const namespace = await createNamespace(admin, "who-may");
    onTestFinished(() => admin.remove(`/api/v1/namespaces/${namespace}`));
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await admin.create(accounts, { metadata: { name: "alice" } });
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await admin.create(`${rbac}/roles`, {
      metadata: { name: "on-call" },
      rules: [
        {
          apiGroups: ["rollbackd.io"],
          resources: ["policies"],
          resourceNames: ["vcci-api"],
          verbs: ["get", "rollback"],
        },
      ],
    });
    await admin.create(`${rbac}/rolebindings`, {
      metadata: { name: "on-call" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "on-call" },
      subjects: [{ kind: "ServiceAccount", name: "alice", namespace }],
    });
    const tokenFor = async (...audiences: string[]): Promise<string> => {
      const spec = { expirationSeconds: 600, ...(audiences.length > 0 && { audiences }) };
      const made = await admin.create<{ status: { token: string } }>(`${accounts}/alice/token`, { spec });
      return made.status.token;
    };
    const connection = await connectAs(kubeconfig);
    onTestFinished(() => connection.close());
    const api = kubeApi(connection);
    const authority = kubernetesAuthority({
      api: () => api,
      audience: "rollbackd",
      namespaceOf: () => namespace,
    });
    const operate = { scope: "operate", verb: "rollback" } as const;
    const token = await tokenFor("rollbackd");
    const by = `kubernetes:system:serviceaccount:${namespace}:alice`;
    // The API server's authorizer learns of a Role and its binding some moments after it took them.
    await eventually("the Role counts", async () =>
      expect(await authority(token, { ...operate, policy: "vcci-api" })).toEqual({ ok: true, by }),
    );
    expect(await authority(token, { ...operate, policy: "other" })).toMatchObject({ status: 403, by });
    expect(await authority(token, { ...operate, verb: "freeze", policy: "vcci-api" })).toMatchObject({
      status: 403,
      detail: expect.stringContaining(`in namespace ${namespace}: {apiGroups: ["rollbackd.io"]`) as string,
    });
    expect(await authority(token, { ...operate, policy: undefined })).toMatchObject({ status: 403 });
    expect(await authority(await tokenFor(), { ...operate, policy: "vcci-api" })).toBeUndefined();
    expect(await authority("guessed", { ...operate, policy: "vcci-api" })).toBeUndefined();
  });
});
