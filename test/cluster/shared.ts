import { describe, inject } from "vitest";
import { missingAssets } from "./assets.ts";

/** The cluster that all test files of a run share, or why there is none. `setup.ts` provides it. */
export type SharedCluster = { readonly kubeconfig: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    readonly cluster: SharedCluster;
  }
}

/**
 * `describe` for tests that need a real API server. `define` gets the path of an administrator's kubeconfig, to
 * be used in hooks and tests only. Without a cluster the tests are skipped, under a name that says why.
 */
export function describeOnCluster(name: string, define: (kubeconfig: string) => void): void {
  const cluster = inject("cluster") as SharedCluster | undefined;
  if (cluster === undefined) {
    throw new Error("only the vitest project `cluster` has a cluster: name the file *.cluster.test.ts");
  }
  const missing = "missing" in cluster ? cluster.missing : undefined;
  describeUnless(missing, name, () => define("kubeconfig" in cluster ? cluster.kubeconfig : ""));
}

/** `describe` for tests that start a control plane themselves, because they stop, freeze or break it. */
export function describeOnOwnControlPlane(name: string, define: () => void): void {
  describeUnless(missingAssets(), name, define);
}

function describeUnless(missing: string | undefined, name: string, define: () => void): void {
  const why = missing === undefined ? "" : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`${name}${why}`, () => {
    define();
  });
}
