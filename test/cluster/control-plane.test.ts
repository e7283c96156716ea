import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { connect, type Api } from "./api.ts";
import { createNamespace, createServiceAccount } from "./namespace.ts";
import { describeOnCluster } from "./shared.ts";

describeOnCluster("the shared cluster", (kubeconfig) => {
  let api: Api;
  let namespace: string;
  beforeAll(async () => {
    api = connect(kubeconfig);
    namespace = await createNamespace(api, "shared");
  });
  afterAll(async () => {
    await api.remove(`/api/v1/namespaces/${namespace}`);
    await api.close();
  });

  it("turns a Deployment into Pods", async () => {
    await api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "web", image: "web:v1" }] },
        },
      },
    });
    await eventually("two Pods", async () => {
      const { items } = await api.get<{ items: unknown[] }>(`/api/v1/namespaces/${namespace}/pods`);
      expect(items).toHaveLength(2);
    });
  });

  it("enforces RBAC: a new ServiceAccount may do nothing", async () => {
    const dir = mkdtempSync(join(tmpdir(), "rollbackd-account-"));
    const nobody = connect(await createServiceAccount(api, kubeconfig, { namespace, name: "nobody", dir }));
    await expect(nobody.get(`/apis/apps/v1/namespaces/${namespace}/deployments`)).rejects.toMatchObject({
      status: 403,
    });
    await nobody.close();
    rmSync(dir, { recursive: true });
  });
});
