import type { TestProject } from "vitest/node";
import { missingAssets } from "./assets.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import type { SharedCluster } from "./shared.ts";

let own: ControlPlane | undefined;

/** Before the first test file of the vitest project `cluster`: one control plane for all of them. */
export async function setup(project: TestProject): Promise<void> {
  project.provide("cluster", await findCluster());
}

/** After the last one. */
export async function teardown(): Promise<void> {
  await own?.stop();
}

/**
 * A disposable cluster is used only when it is named for this purpose: KUBECONFIG may point anywhere, and these
 * tests create and delete as an administrator.
 */
async function findCluster(): Promise<SharedCluster> {
  const given = process.env.ROLLBACKD_TEST_KUBECONFIG;
  if (given !== undefined) {
    return { kubeconfig: given };
  }
  const why = missingAssets();
  if (why === undefined) {
    own = await startControlPlane();
    return { kubeconfig: own.kubeconfig };
  }
  if (process.env.ROLLBACKD_REQUIRE_CLUSTER === "1") {
    throw new Error(`ROLLBACKD_REQUIRE_CLUSTER=1, but there is no cluster: ${why}`);
  }
  return { missing: why };
}
