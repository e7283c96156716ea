/** The key of a script target begins like this; how it is rolled back only its script knows. */
const SCRIPT = "script/";

/** In the key of a StatefulSet this is before its name. */
const STATEFUL_SET = "statefulset";

/**
 * The kubectl command that puts revision `to` in the place of `from`, by the key of the target; empty where the key and
 * the revision do not tell it.
 */
export function undoCommand(target: string, from: string | undefined, to: string | undefined): string {
  if (target.startsWith(SCRIPT) || to === undefined) return "";
  const [namespace, name = "", ofKind] = target.split("/");
  const undo = (workload: string, revision: string) =>
    `kubectl -n ${namespace} rollout undo ${workload} --to-revision=${revision}`;
  if (name === STATEFUL_SET) return undo(`${name}/${ofKind}`, to);
  if (!to.includes(":")) return undo(`deployment/${name}`, to);
  // A group, named `api:7,worker:4`: what the release did not change stays.
  const before = new Set(from?.split(","));
  const moved = to.split(",").filter((member) => !before.has(member));
  return moved
    .map((member) => undo(`deployment/${member.split(":")[0]}`, member.split(":")[1] ?? ""))
    .join(" && ");
}
