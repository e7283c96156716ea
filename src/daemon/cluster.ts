import { type KubeApi, kubeApi } from "../kubernetes/api.ts";
import { connect, type Connection } from "../kubernetes/connect.ts";
import { KubeConfigError } from "../kubernetes/kubeconfig.ts";
import { isInCluster, type Policy } from "../rules/policy.ts";
import type { Problem } from "../rules/problem.ts";

/** The connection to the cluster, made when the first policy needs one: policies of scripts alone do not. */
export interface Cluster {
  /** Undefined until `connectFor` was called with a policy that needs it. */
  readonly api: () => KubeApi | undefined;
  /** Throws KubeConfigError when there is no usable way to reach a cluster. */
  readonly connectFor: (policies: readonly Policy[]) => Promise<void>;
  /** The same for rules that come later: why they cannot be put in force, at the policy that needs the cluster. */
  readonly problemsOf: (policies: readonly Policy[]) => Promise<readonly Problem[]>;
  readonly close: () => Promise<void>;
}

export function createCluster(open: () => Promise<Connection> = connect): Cluster {
  let made: { readonly connection: Connection; readonly api: KubeApi } | undefined;
  const connectFor = async (policies: readonly Policy[]): Promise<void> => {
    if (made !== undefined || firstInCluster(policies) === undefined) return;
    const connection = await open();
    made = { connection, api: kubeApi(connection) };
  };
  return {
    api: () => made?.api,
    connectFor,
    problemsOf: async (policies) => {
      try {
        await connectFor(policies);
        return [];
      } catch (error) {
        if (!(error instanceof KubeConfigError)) throw error;
        const { file, line } = firstInCluster(policies)?.source ?? { file: "", line: 1 };
        return [{ file, line, column: 1, severity: "error", rule: "target", message: error.message }];
      }
    },
    close: async () => {
      await made?.connection.close();
    },
  };
}

function firstInCluster(policies: readonly Policy[]): Policy | undefined {
  return policies.find(({ target }) => isInCluster(target));
}
