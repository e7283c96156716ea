import type { DecisionRecord } from "../log/record.ts";

/** Something of a target that kubectl can be asked about, with the revisions that the decision is about. */
export interface Workload {
  /** As kubectl names it: `deployment/api`. */
  readonly name: string;
  /** Empty where they have none of their own. */
  readonly revisions: readonly string[];
}

/** What a target is in the cluster; undefined for one that is not in any. */
export function workloadsOf({
  target,
  from,
  to,
}: Pick<DecisionRecord, "target" | "from" | "to">):
  | { readonly namespace: string; readonly workloads: readonly Workload[] }
  | undefined {
  const [namespace = "", kindOrName = "", name] = target.split("/");
  if (namespace === "script" || kindOrName === "") return undefined;
  const revisions = [from?.revision, to?.revision].filter((revision) => revision !== undefined);
  if (kindOrName === "statefulset" && name !== undefined) {
    return { namespace, workloads: [{ name: `statefulset/${name}`, revisions }] };
  }
  if (name !== undefined) return { namespace, workloads: [{ name: `${kindOrName}/${name}`, revisions: [] }] };
  return {
    namespace,
    workloads: kindOrName.split("+").map((member, _, { length }) => ({
      name: `deployment/${member}`,
      revisions: length === 1 ? revisions : revisions.flatMap((all) => memberRevision(all, member)),
    })),
  };
}

/** Of a group that is named `api:7,worker:4`. */
function memberRevision(all: string, member: string): readonly string[] {
  const prefix = `${member}:`;
  return all.split(",").flatMap((each) => (each.startsWith(prefix) ? [each.slice(prefix.length)] : []));
}
