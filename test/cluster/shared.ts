import { describe, inject } from "vitest";

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
  const why = "missing" in cluster ? ` (skipped: ${cluster.missing})` : "";
  describe.skipIf(why !== "")(`${name}${why}`, () => {
    define("kubeconfig" in cluster ? cluster.kubeconfig : "");
  });
}
