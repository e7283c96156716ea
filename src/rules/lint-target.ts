import type { Complain } from "./complain.ts";
import type { Path, RulesDocument } from "./document.ts";
import { labelsOf, versionLabel } from "./promql-labels.ts";
import { treeOf } from "./promql.ts";
import type { WrittenPolicy } from "./schema.ts";

/** Whether the target can be rolled back in the way that is asked for. */
export function lintStrategy(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const { target, rollback } = policy;
  const form = formOf(target);
  const strategy = rollback?.strategy;
  if (form !== undefined && strategy !== undefined && strategy !== "script" && strategy !== form.strategy) {
    complain(
      [...path, "rollback", "strategy"],
      "target",
      `\`${strategy}\` needs a target with \`${NEEDED[strategy]}\`; this one ${form.is}. Use \`strategy: ${form.strategy}\`.`,
    );
  }
  if (rollback?.strategy === "script" && rollback.script === undefined) {
    complain([...path, "rollback"], "missing-key", "`strategy: script` needs `script` with a `command`.");
  }
  if (rollback?.strategy !== "script" && rollback?.script !== undefined) {
    complain.key(
      [...path, "rollback", "script"],
      "misplaced-key",
      `\`script\` would never run: \`strategy\` is \`${rollback.strategy}\`. Use \`strategy: script\` or leave it out.`,
    );
  }
}

/** The key of a target that a strategy needs. */
const NEEDED = { deployment: "deployments", statefulset: "statefulsets", "blue-green": "service" } as const;

interface Form {
  /** As the end of a sentence about the target. */
  readonly is: string;
  /** The one that goes with it. */
  readonly strategy: WrittenPolicy["rollback"]["strategy"];
}

/** Undefined for a target that is none. */
function formOf(target: Partial<WrittenPolicy>["target"]): Form | undefined {
  if (target?.script === true) return { is: "is `script: true`", strategy: "script" };
  if (target?.service !== undefined) return { is: "has `service`", strategy: "blue-green" };
  if (target?.statefulsets !== undefined) return { is: "has `statefulsets`", strategy: "statefulset" };
  return target?.deployments && { is: "has `deployments`", strategy: "deployment" };
}

/** The version is the one label of the result: with `pod` or `instance` beside it, every new pod would be a release. */
export function lintVersion(path: Path, expr: string, complain: Complain): void {
  const top = treeOf(expr);
  if (top === undefined) return;
  const labels = labelsOf(top, expr);
  if (labels?.size === 1) return;
  const written = expr.trim();
  if (labels === undefined) {
    complain(
      path,
      "target",
      "This keeps all labels of the metric, such as `pod` and `instance`, so every new pod would be a release. " +
        `Keep the label with the version alone: \`count by (version) (${written})\`.`,
    );
  } else if (labels.size === 0) {
    complain(
      path,
      "target",
      "No label is left to name the version. Keep the label with the version alone, as in " +
        "`count by (version) (app_info)`; where the value is the version, write " +
        `\`count_values("version", ${written})\`.`,
    );
  } else {
    const version = versionLabel([...labels]);
    complain(
      path,
      "target",
      `The labels ${[...labels].map((label) => `\`${label}\``).join(" and ")} are left, and exactly one may name the ` +
        `version. Write \`count by (${version}) (${written})\`.`,
    );
  }
}

/** Whether releases of the target can be seen, and how long they may be rolled back. */
export function lintRelease(
  document: RulesDocument,
  path: Path,
  { target, guard }: Partial<WrittenPolicy>,
  complain: Complain,
): void {
  if (target?.script === true) {
    if (target.release === undefined && guard !== "always") {
      complain(
        [...path, "target"],
        "target",
        "Nothing shows when a new version of this target is released, and without that it is never rolled back. Have " +
          "its deploy script call `rollbackd release`, or name `release: {expr: …}`, or set `guard: always`.",
        "warning",
      );
    }
    if (document.has([...path, "gitops"])) {
      complain.key(
        [...path, "gitops"],
        "misplaced-key",
        "`gitops` is about objects of the cluster, and this target is `script: true`. Leave it out.",
      );
    }
    return;
  }
  if (guard === "always") {
    complain(
      [...path, "guard"],
      "target",
      "`always` is for targets with `script: true`; give a Deployment, a StatefulSet or a Service a duration.",
    );
  }
  if (document.has([...path, "target", "release"])) {
    complain.key(
      [...path, "target", "release"],
      "misplaced-key",
      "Releases of this target are seen in the cluster; `release` is for `script: true`.",
    );
  }
}
